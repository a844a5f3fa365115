//! Uploads in parts through the deployed stack: killed, resumed, refused by the store, completed, given up.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use xtask::local;

use crate::world::{Grant, Person, alice, asset, bob, eventually, key_of, put, uploads_under_way, versions};

const MB: u64 = 1_000_000;

/// A CSV of `size` bytes whose lines all differ, so that no two parts are the same.
fn file_of(size: u64) -> PathBuf {
    let path = local().join(format!("rows-{size}.csv"));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let (mut left, mut row) = (usize::try_from(size).unwrap(), 0_u64);
    while left > 0 {
        let line = format!("{row:018},value\n");
        let piece = &line.as_bytes()[..line.len().min(left)];
        file.write_all(piece).unwrap();
        left -= piece.len();
        row += 1;
    }
    file.into_inner().unwrap();
    path
}

/// A client in a process of its own.
fn client(file: &Path, more: &[&str]) -> Child {
    // On Unix `cargo run` replaces itself by the program, so a kill reaches the program.
    Command::new("cargo")
        .args(["run", "--quiet", "--locked", "--package", "sluice", "--", "upload", "--content-type", "text/csv"])
        .args(more)
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn parts(person: &Person, session: &str) -> Vec<Value> {
    let answer = person.get(&format!("/uploads/multipart/{session}/parts"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["parts"].as_array().unwrap().clone()
}

fn begin(person: &Person, body: &Value) -> Value {
    let answer = person.call("POST", "/uploads/multipart", &[], body.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// Where the object of a session lies, or will lie.
fn key(begun: &Value) -> String {
    key_of(&Grant(begun["parts"][0].clone()))
}

fn csv(size: u64) -> Value {
    json!({ "filename": "rows.csv", "contentType": "text/csv", "size": size })
}

fn complete(person: &Person, session: &str) -> local_stack::http::Answer {
    person.call("POST", &format!("/uploads/multipart/{session}/complete"), &[], b"")
}

fn send(part: &Value, bytes: &[u8]) -> u16 {
    let headers = part["headers"].as_object().unwrap().iter();
    let headers: Vec<(String, String)> =
        headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
    put(part["url"].as_str().unwrap(), &headers, bytes).status
}

/// 120 MB, or 300 in a full run: killed half-way, and resumed by another process that knows the session's id only.
#[test]
fn a_killed_upload_is_resumed_from_another_process_and_sends_no_part_twice() {
    let size = if std::env::var_os("SLUICE_FULL").is_some() { 300 * MB } else { 120 * MB };
    let file = file_of(size);
    let mut first = client(&file, &["--rate", "30000000"]);
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines().map(Result::unwrap);
    let session = lines.find_map(|line| line.strip_prefix("session ").map(str::to_owned)).unwrap();
    let total = size.div_ceil(8 << 20);
    eventually("half of the parts", || (parts(&alice(), &session).len() as u64 >= total / 2).then_some(()));
    first.kill().unwrap();
    first.wait().unwrap();
    let before = parts(&alice(), &session);
    assert!((before.len() as u64) < total, "the first process was too fast to be killed");
    assert_eq!(alice().status(&session).json()["status"], "uploading");

    let second = client(&file, &["--session", &session]).wait_with_output().unwrap();
    let said = String::from_utf8(second.stdout).unwrap();
    assert!(second.status.success(), "{said}");
    let sent: BTreeSet<u64> =
        said.lines().filter_map(|line| line.strip_prefix("part ")?.split_once(" sent")?.0.parse().ok()).collect();
    let had: BTreeSet<u64> = before.iter().map(|part| part["partNumber"].as_u64().unwrap()).collect();
    // What the killed process had under way may have arrived after the list was made.
    assert!(sent.is_disjoint(&had), "sent again: {:?}", sent.intersection(&had));
    assert!(sent.len() + had.len() <= usize::try_from(total).unwrap());
    let record = alice().verdict(&session);
    assert_eq!((&record["status"], &record["observed"]["size"]), (&json!("accepted"), &json!(size)), "{record}");
    assert_eq!(uploads_under_way(record["key"].as_str().unwrap()), 0);
    let again = client(&file, &["--session", &session]).wait_with_output().unwrap();
    assert!(again.status.success(), "a third time is no other");
    std::fs::remove_file(file).unwrap();
}

#[test]
fn the_store_refuses_a_part_of_another_length() {
    let begun = begin(&alice(), &csv(9 << 20));
    let part = &begun["parts"][1];
    let right = usize::try_from(part["size"].as_u64().unwrap()).unwrap();
    assert_eq!(right, 1 << 20);
    for wrong in [0, right - 1, right + 1] {
        assert_eq!(send(part, &vec![b'x'; wrong]), 403, "{wrong}");
    }
    assert_eq!(parts(&alice(), begun["sessionId"].as_str().unwrap()), Vec::<Value>::new());
    assert_eq!(send(part, &vec![b'x'; right]), 200);
}

#[test]
fn parts_may_carry_checksums_that_the_store_verifies() {
    let mut body = csv(8);
    body["partChecksum"] = "sha256".into();
    let begun = begin(&alice(), &body);
    let session = begun["sessionId"].as_str().unwrap();
    let sum_of = |bytes: &[u8]| BASE64_STANDARD.encode(Sha256::digest(bytes));
    let sign = json!({ "partNumbers": [1], "checksums": { "1": sum_of(b"a,b\nc,d\n") } });
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
fn a_program_in_parts_is_rejected_like_any_other() {
    let mut program = asset("program.exe");
    program.resize(9 << 20, 0);
    let body = json!({ "filename": "film.mp4", "contentType": "video/mp4", "size": program.len() });
    let begun = begin(&alice(), &body);
    let (session, middle) = (begun["sessionId"].as_str().unwrap(), 8 << 20);
    assert_eq!(send(&begun["parts"][0], &program[..middle]), 200);
    assert_eq!(send(&begun["parts"][1], &program[middle..]), 200);
    let done = complete(&alice(), session);
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(alice().verdict(session)["status"], "rejected");
    eventually("the rejected version to go", || versions(&key(&begun)).is_empty().then_some(()));
    let again = complete(&alice(), session);
    assert_eq!((again.status, again.json()), (200, done.json()), "repeating it is always safe");
}

#[test]
fn without_a_size_the_limit_holds_all_the_same() {
    let body = json!({ "filename": "me.png", "contentType": "image/png", "class": "avatar" });
    let begun = begin(&alice(), &body);
    let session = begun["sessionId"].as_str().unwrap();
    // 5 MB is one part of the smallest size: no second one is signed.
    assert_eq!(begun["parts"].as_array().unwrap().len(), 1);
    assert_eq!(send(&begun["parts"][0], &vec![0; 5_000_001]), 200, "its size is not signed");
    let refused = complete(&alice(), session);
    assert_eq!((refused.status, refused.json()["code"].as_str()), (422, Some("too-large")), "{}", refused.text());
    assert_eq!(uploads_under_way(&key(&begun)), 0);
    assert_eq!(versions(&key(&begun)), Vec::<String>::new());
}

#[test]
fn giving_up_leaves_nothing_and_bob_can_do_none_of_it() {
    let begun = begin(&alice(), &csv(9 << 20));
    let session = begun["sessionId"].as_str().unwrap();
    assert_eq!(send(&begun["parts"][1], &vec![b'x'; 1 << 20]), 200);
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
        assert_eq!(uploads_under_way(&key(&begun)), 0);
    }
    assert_eq!(send(&begun["parts"][0], &vec![b'x'; 8 << 20]), 404, "its URLs are good for nothing any more");
    assert_eq!(alice().status(session).status, 404);
}

#[test]
fn deleting_an_upload_on_its_way_gives_it_up() {
    let begun = begin(&alice(), &csv(9 << 20));
    let session = begun["sessionId"].as_str().unwrap();
    assert_eq!(alice().delete(session).status, 200);
    assert_eq!(uploads_under_way(&key(&begun)), 0);
    assert_eq!(alice().status(session).json()["code"], "deleted");
    assert_eq!(complete(&alice(), session).status, 410);
}
