//! Nobody reaches another's upload, and nobody in particular reaches nothing.

use crate::world::{alice, asset, bob, key_of, nobody, versions};

#[test]
fn another_users_upload_looks_like_one_that_never_was() {
    let grant = alice().upload("lock.png", "image/png", &asset("lock.png"));
    alice().verdict(grant.id());
    let never = "01900000-0000-7000-8000-000000000000";
    for (method, suffix) in [("GET", ""), ("GET", "/content"), ("DELETE", "")] {
        let theirs = bob().call(method, &format!("/uploads/{}{suffix}", grant.id()), &[], &[]);
        let none = bob().call(method, &format!("/uploads/{never}{suffix}"), &[], &[]);
        assert_eq!((theirs.status, theirs.json()), (404, none.json()), "{method} {suffix}");
    }
    let listed = bob().get("/uploads?limit=1000").json();
    assert!(listed["items"].as_array().unwrap().iter().all(|item| item["id"] != grant.id()));
    assert_eq!(alice().verdict(grant.id())["status"], "accepted");
    assert_eq!(versions(&key_of(&grant)).len(), 1);
}

#[test]
fn the_same_idempotency_key_of_two_users_is_two_keys() {
    let body = br#"{"filename":"a.png","contentType":"image/png","size":10}"#;
    let key = [("idempotency-key", "the same for both")];
    let (a, b) = (alice().call("POST", "/uploads", &key, body), bob().call("POST", "/uploads", &key, body));
    assert_eq!((a.status, b.status), (201, 201));
    assert_ne!(a.json()["id"], b.json()["id"]);
}

#[test]
fn without_a_token_every_route_answers_401() {
    let id = "01900000-0000-7000-8000-000000000000";
    for (method, path) in [
        ("POST", "/uploads".to_owned()),
        ("GET", "/policy".to_owned()),
        ("GET", "/uploads".to_owned()),
        ("GET", format!("/uploads/{id}")),
        ("GET", format!("/uploads/{id}/content")),
        ("DELETE", format!("/uploads/{id}")),
    ] {
        assert_eq!(nobody().call(method, &path, &[], b"{}").status, 401, "{method} {path}");
        let forged = [("authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.")];
        assert_eq!(nobody().call(method, &path, &forged, b"{}").status, 401, "{method} {path} forged");
    }
}
