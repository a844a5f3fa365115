//! Multipart uploads on the deployed stack: killed, resumed, refused by S3, completed, aborted.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use xtask::local;

use crate::api::{Grant, User, alice, bob, put, string_pairs};
use crate::aws::{key_of, uploads_in_progress, versions};
use crate::support::{asset, wait_for};

const MB: u64 = 1_000_000;

/// Writes a CSV of `size` bytes whose lines all differ, so that no two parts are equal.
fn write_csv(size: u64) -> PathBuf {
    let path = local().join(format!("rows-{size}.csv"));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let (mut left, mut row) = (usize::try_from(size).unwrap(), 0_u64);
    while left > 0 {
        let line = format!("{row:018},value\n");
        let text = &line.as_bytes()[..line.len().min(left)];
        file.write_all(text).unwrap();
        left -= text.len();
        row += 1;
    }
    file.into_inner().unwrap();
    path
}

/// Starts `sluice upload` as a process of its own.
fn client(file: &Path, arguments: &[&str]) -> Child {
    // On Unix `cargo run` replaces itself with the program, so a kill reaches the program.
    Command::new("cargo")
        .args(["run", "--quiet", "--locked", "--package", "sluice", "--", "upload", "--content-type", "text/csv"])
        .args(arguments)
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn parts(user: &User, session: &str) -> Vec<Value> {
    let answer = user.get(&format!("/uploads/multipart/{session}/parts"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["parts"].as_array().unwrap().clone()
}

fn create(user: &User, body: &Value) -> Value {
    let answer = user.call("POST", "/uploads/multipart", &[], body.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// The key of a session's object.
fn key(created: &Value) -> String {
    key_of(&Grant(created["parts"][0].clone()))
}

fn csv(size: u64) -> Value {
    json!({ "filename": "rows.csv", "contentType": "text/csv", "size": size })
}

fn complete(user: &User, session: &str) -> local_stack::http::Answer {
    user.call("POST", &format!("/uploads/multipart/{session}/complete"), &[], b"")
}

/// Puts a part to its presigned URL and returns S3's status.
fn send(part: &Value, bytes: &[u8]) -> u16 {
    put(part["url"].as_str().unwrap(), &string_pairs(&part["headers"]), bytes).status
}

/// 120 MB, or 300 MB in a full run. The first process is killed; the second one knows only the session id.
#[test]
fn another_process_resumes_a_killed_upload_and_sends_no_part_twice() {
    let size = if std::env::var_os("SLUICE_FULL").is_some() { 300 * MB } else { 120 * MB };
    let file = write_csv(size);
    let mut first = client(&file, &["--rate", "30000000"]);
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines().map(Result::unwrap);
    let session = lines.find_map(|line| line.strip_prefix("session ").map(str::to_owned)).unwrap();
    let total = size.div_ceil(8 << 20);
    wait_for("half of the parts", || (parts(&alice(), &session).len() as u64 >= total / 2).then_some(()));
    first.kill().unwrap();
    first.wait().unwrap();
    let before = parts(&alice(), &session);
    assert!((before.len() as u64) < total, "the first process was too fast to be killed");
    assert_eq!(alice().status(&session).json()["status"], "uploading");

    let second = client(&file, &["--session", &session]).wait_with_output().unwrap();
    let output = String::from_utf8(second.stdout).unwrap();
    assert!(second.status.success(), "{output}");
    let sent: BTreeSet<u64> =
        output.lines().filter_map(|line| line.strip_prefix("part ")?.split_once(" sent")?.0.parse().ok()).collect();
    let stored: BTreeSet<u64> = before.iter().map(|part| part["partNumber"].as_u64().unwrap()).collect();
    // A part that the killed process was sending may have arrived after the list was read.
    assert!(sent.is_disjoint(&stored), "sent again: {:?}", sent.intersection(&stored));
    assert!(sent.len() + stored.len() <= usize::try_from(total).unwrap());
    let record = alice().verdict(&session);
    assert_eq!((&record["status"], &record["observed"]["size"]), (&json!("accepted"), &json!(size)), "{record}");
    assert_eq!(uploads_in_progress(record["key"].as_str().unwrap()), 0);
    let again = client(&file, &["--session", &session]).wait_with_output().unwrap();
    assert!(again.status.success(), "the upload of a complete session succeeds");
    std::fs::remove_file(file).unwrap();
}

#[test]
fn s3_refuses_a_part_of_another_length() {
    let created = create(&alice(), &csv(9 << 20));
    let part = &created["parts"][1];
    let right = usize::try_from(part["size"].as_u64().unwrap()).unwrap();
    assert_eq!(right, 1 << 20);
    for wrong in [0, right - 1, right + 1] {
        assert_eq!(send(part, &vec![b'x'; wrong]), 403, "{wrong}");
    }
    assert_eq!(parts(&alice(), created["sessionId"].as_str().unwrap()), Vec::<Value>::new());
    assert_eq!(send(part, &vec![b'x'; right]), 200);
}

#[test]
fn s3_verifies_part_checksums() {
    let mut body = csv(8);
    body["partChecksum"] = "sha256".into();
    let created = create(&alice(), &body);
    let session = created["sessionId"].as_str().unwrap();
    let checksum = |bytes: &[u8]| BASE64_STANDARD.encode(Sha256::digest(bytes));
    let sign = json!({ "partNumbers": [1], "checksums": { "1": checksum(b"a,b\nc,d\n") } });
    let path = format!("/uploads/multipart/{session}/parts");
    let signed = alice().call("POST", &path, &[], sign.to_string().as_bytes()).json();
    let part = &signed["parts"][0];
    assert_eq!(send(part, b"x,y\nc,d\n"), 400, "other bytes");
    assert_eq!(send(part, b"a,b\nc,d\n"), 200);
    let done = complete(&alice(), session);
    assert_eq!(done.status, 200, "{}", done.text());
    let record = alice().verdict(session);
    assert_eq!(record["status"], "accepted", "{record}");
    assert!(record["checksum"].as_str().unwrap().starts_with("sha256:"), "{record}");
}

#[test]
fn a_program_as_a_multipart_upload_is_rejected() {
    let mut program = asset("program.exe");
    program.resize(9 << 20, 0);
    let body = json!({ "filename": "film.mp4", "contentType": "video/mp4", "size": program.len() });
    let created = create(&alice(), &body);
    let (session, middle) = (created["sessionId"].as_str().unwrap(), 8 << 20);
    assert_eq!(send(&created["parts"][0], &program[..middle]), 200);
    assert_eq!(send(&created["parts"][1], &program[middle..]), 200);
    let done = complete(&alice(), session);
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(alice().verdict(session)["status"], "rejected");
    wait_for("the deletion of the rejected version", || versions(&key(&created)).is_empty().then_some(()));
    let again = complete(&alice(), session);
    assert_eq!((again.status, again.json()), (200, done.json()), "a repeated completion has the same answer");
}

#[test]
fn an_upload_without_a_declared_size_obeys_the_limit() {
    let body = json!({ "filename": "me.png", "contentType": "image/png", "class": "avatar" });
    let created = create(&alice(), &body);
    let session = created["sessionId"].as_str().unwrap();
    // The limit of 5 MB fits into one part of the minimum size, so only one part is signed.
    assert_eq!(created["parts"].as_array().unwrap().len(), 1);
    assert_eq!(send(&created["parts"][0], &vec![0; 5_000_001]), 200, "the size of the part is not signed");
    let refused = complete(&alice(), session);
    assert_eq!((refused.status, refused.json()["code"].as_str()), (422, Some("too-large")), "{}", refused.text());
    assert_eq!(uploads_in_progress(&key(&created)), 0);
    assert_eq!(versions(&key(&created)), Vec::<String>::new());
}

#[test]
fn aborting_leaves_nothing_and_another_user_cannot_use_the_session() {
    let created = create(&alice(), &csv(9 << 20));
    let session = created["sessionId"].as_str().unwrap();
    assert_eq!(send(&created["parts"][1], &vec![b'x'; 1 << 20]), 200);
    let path = format!("/uploads/multipart/{session}");
    for (method, path, body) in [
        ("GET", format!("{path}/parts"), ""),
        ("POST", format!("{path}/parts"), r#"{"from": 1}"#),
        ("POST", format!("{path}/complete"), ""),
        ("DELETE", path.clone(), ""),
    ] {
        let answer = bob().call(method, &path, &[], body.as_bytes());
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (404, Some("session-not-found")),
            "{method} {path}"
        );
    }
    assert_eq!(parts(&alice(), session).len(), 1);
    for _ in 0..2 {
        let answer = alice().call("DELETE", &path, &[], b"");
        assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("aborted")));
        assert_eq!(uploads_in_progress(&key(&created)), 0);
    }
    assert_eq!(send(&created["parts"][0], &vec![b'x'; 8 << 20]), 404, "S3 refuses the URLs of an aborted upload");
    assert_eq!(alice().status(session).status, 404);
}

#[test]
fn a_deletion_aborts_an_upload_in_progress() {
    let created = create(&alice(), &csv(9 << 20));
    let session = created["sessionId"].as_str().unwrap();
    assert_eq!(alice().delete(session).status, 200);
    assert_eq!(uploads_in_progress(&key(&created)), 0);
    assert_eq!(alice().status(session).json()["code"], "deleted");
    assert_eq!(complete(&alice(), session).status, 410);
}
