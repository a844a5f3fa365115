//! Uploads in one request, from the grant to the verdict.

use serde_json::json;

use crate::api::alice;
use crate::aws::{key_of, upload_item, versions};
use crate::support::{asset, stack};
use local_stack::http::send;

#[test]
fn real_files_are_accepted_and_described() {
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    for (file, content_type) in [
        ("lock.png", "image/png"),
        ("lock.jpg", "image/jpeg"),
        ("note.pdf", "application/pdf"),
        ("boat.mp4", "video/mp4"),
        ("log.docx", docx),
        ("levels.csv", "text/csv"),
        ("logs.zip", "application/zip"),
    ] {
        let bytes = asset(file);
        let grant = alice().upload(file, content_type, &bytes);
        let record = alice().verdict(grant.id());
        assert_eq!(record["status"], "accepted", "{file}: {record}");
        assert_eq!(record["filename"], file);
        assert_eq!(record["declared"], json!({ "size": bytes.len(), "contentType": content_type }));
        assert_eq!(record["observed"]["size"], bytes.len());
        assert!(record["observed"]["contentType"].as_str().is_some_and(|t| t.contains('/')), "{record}");
        assert_eq!(versions(&key_of(&grant)), [record["versionId"].as_str().unwrap()]);
    }
}

#[test]
fn files_of_another_type_are_rejected_and_deleted() {
    let png = asset("lock.png");
    let truncated = &png[..png.len() - 20];
    for (name, bytes, reason) in [
        ("program.png", asset("program.exe"), "content-mismatch"),
        ("page.png", asset("page.html"), "content-mismatch"),
        ("half.png", truncated.to_vec(), "truncated"),
    ] {
        let grant = alice().upload(name, "image/png", &bytes);
        let record = alice().verdict(grant.id());
        assert_eq!(record["status"], "rejected", "{name}: {record}");
        let codes: Vec<&str> =
            record["reasons"].as_array().unwrap().iter().filter_map(|r| r["code"].as_str()).collect();
        assert!(codes.contains(&reason), "{name}: {record}");
        assert_eq!(versions(&key_of(&grant)), Vec::<String>::new(), "{name} still has a version");
        let content = alice().get(&format!("/uploads/{}/content", grant.id()));
        assert_eq!((content.status, content.json()["code"].as_str().unwrap()), (409, "not-accepted"));
    }
}

#[test]
fn an_empty_file_gets_no_grant() {
    let answer = alice().request_grant(&json!({ "filename": "empty.png", "contentType": "image/png", "size": 0 }));
    assert_eq!((answer.status, answer.json()["code"].as_str().unwrap().to_owned()), (422, "too-small".to_owned()));
}

#[test]
fn a_form_accepts_any_size_in_its_range() {
    let bytes = asset("lock.png");
    let grant = alice().form("lock.png", "image/png");
    let answer = grant.post(&bytes);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let record = alice().verdict(grant.id());
    assert_eq!(record["status"], "accepted", "{record}");
    assert_eq!(record["declared"], json!({ "contentType": "image/png" }));
    assert_eq!(record["observed"]["size"], bytes.len());
}

#[test]
fn accepted_content_is_downloaded_unchanged() {
    let bytes = asset("lock.jpg");
    let grant = alice().upload("Hafen \"früh\" 🚢.jpg", "image/jpeg", &bytes);
    let record = alice().verdict(grant.id());
    let path = format!("/uploads/{}/content", grant.id());
    let content = alice().get(&path);
    assert_eq!((content.status, content.header("cache-control")), (200, Some("no-store")));
    let url = content.json()["url"].as_str().unwrap().to_owned();
    assert!(url.contains(&format!("versionId={}", record["versionId"].as_str().unwrap())));
    assert_eq!(send("GET", &url, &[], &[]).unwrap().body, bytes);
    let redirect = alice().get(&format!("{path}?redirect=1"));
    assert_eq!(redirect.status, 307);
    assert_eq!(send("GET", redirect.header("location").unwrap(), &[], &[]).unwrap().body, bytes);
    assert_eq!(alice().get(&format!("{path}?disposition=inline")).status, 200);
}

#[test]
fn the_same_idempotency_key_gives_the_same_id() {
    let body = json!({ "filename": "a.png", "contentType": "image/png", "size": 10 }).to_string();
    let key = format!("key-{:?}", std::time::SystemTime::now());
    let request = |body: &str| alice().call("POST", "/uploads", &[("idempotency-key", &key)], body.as_bytes());
    let (first, second) = (request(&body), request(&body));
    assert_eq!((first.status, second.status), (201, 201), "{}", first.text());
    assert_eq!(first.json()["id"], second.json()["id"]);
    let other = request(&body.replace("10", "11"));
    assert_eq!((other.status, other.json()["code"].as_str().unwrap()), (422, "idempotency-key-reused"));
}

#[test]
fn a_deletion_removes_all_versions_and_may_be_repeated() {
    let grant = alice().upload("lock.png", "image/png", &asset("lock.png"));
    alice().verdict(grant.id());
    for _ in 0..2 {
        let answer = alice().delete(grant.id());
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(versions(&key_of(&grant)), Vec::<String>::new());
        assert_eq!(upload_item(&stack().table, grant.id()).unwrap()["state"]["S"], "deleted");
        let status = alice().status(grant.id());
        assert_eq!((status.status, status.json()["code"].as_str().unwrap()), (404, "deleted"));
    }
}

#[test]
fn lists_are_paged_newest_first() {
    let ids: Vec<String> = (0..3)
        .map(|_| {
            let grant = alice().upload("lock.png", "image/png", &asset("lock.png"));
            alice().verdict(grant.id());
            grant.id().to_owned()
        })
        .collect();
    let mut seen = Vec::new();
    let mut path = "/uploads?limit=2".to_owned();
    loop {
        let page = alice().get(&path).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("/uploads?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    let sorted = {
        let mut sorted = seen.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        sorted
    };
    assert_eq!(seen, sorted);
    assert!(ids.iter().all(|id| seen.contains(id)), "{ids:?} in {seen:?}");
}

#[test]
fn the_policy_is_readable() {
    let limits = alice().get("/policy").json();
    assert_eq!(limits["classes"]["avatar"]["allow"][0]["max"], 5_000_000);
}
