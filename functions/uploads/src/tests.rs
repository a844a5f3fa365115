//! Requests over a table and a bucket in memory.

use std::collections::BTreeSet;

use content_sniff::ByteRange;
use policy::parts::PartNumber;
use policy::session::Completed;
use policy::upload::{Outcome, Pending, ValidatedUpload};
use serde_json::json;
use testkit::contract::validated;
use testkit::http::{ApiRequest, ApiResponse, request};
use testkit::{
    ALICE, BOB, BUCKET, FaultInjector, FaultKind, MemoryObjects, MemoryRecords, PNG, config, env, golden_events, grant,
    id, key,
};
use uploads_core::ports::multipart_uploads::{
    CompleteError, CompleteMultipartUpload, CreateMultipartUpload, InProgressPage, PartsPage,
};
use uploads_core::ports::objects::ObjectsError;

use super::*;

mod contents;
mod deletes;
mod listings;
mod sessions;
mod statuses;

/// A table and a bucket in memory.
#[derive(Default)]
struct Fixture {
    records: MemoryRecords,
    objects: MemoryObjects,
    open_mode: bool,
}

impl Fixture {
    /// The response under fault injection; `None` when the process was killed.
    async fn send_under(&self, faults: &FaultInjector, request: Request) -> Option<ApiResponse> {
        let open_mode = if self.open_mode { "true" } else { "" };
        let deps = Deps {
            config: config(&[("OPEN_MODE", open_mode)]),
            records: faults.of(&self.records),
            objects: faults.of(&self.objects),
            env: env(),
        };
        faults.run(deps.handle(request)).await.map(|response| ApiResponse::of(&response))
    }

    async fn send(&self, call: &ApiRequest) -> ApiResponse {
        self.send_under(&FaultInjector::none(), call.request()).await.unwrap()
    }

    /// Stores an object and its verdict.
    fn validated(&self, key: &ObjectKey, outcome: Outcome) -> ValidatedUpload {
        let version = self.objects.put_granted(key, &grant(key.owner(), PNG.len() as u64), PNG);
        let validated = ValidatedUpload { findings: Vec::new(), ..validated(key, &version, outcome) };
        self.records.store(Record::Validated(Box::new(validated.clone())));
        validated
    }

    /// Stores an object without a verdict; returns its version.
    fn arrived(&self, key: &ObjectKey) -> String {
        self.objects.put_granted(key, &grant(key.owner(), PNG.len() as u64), PNG)
    }
}

fn get(id: UploadId) -> ApiRequest {
    ApiRequest::new("GET", &format!("/uploads/{id}")).by(ALICE)
}

fn content(id: UploadId) -> ApiRequest {
    ApiRequest::new("GET", &format!("/uploads/{id}/content")).by(ALICE)
}

fn delete(id: UploadId) -> ApiRequest {
    ApiRequest::new("DELETE", &format!("/uploads/{id}")).by(ALICE)
}

#[tokio::test]
async fn every_golden_event_has_its_answer() {
    // With an accepted upload of Alice's, and without any upload.
    let expected = [
        ("content", (200, ""), (404, "not-received")),
        ("content-inline", (200, ""), (404, "not-received")),
        ("content-redirect", (307, ""), (404, "not-received")),
        ("delete", (200, ""), (404, "not-received")),
        ("delete-other-user", (404, "not-received"), (404, "not-received")),
        ("list", (200, ""), (200, "")),
        ("list-bad-cursor", (400, "invalid-cursor"), (400, "invalid-cursor")),
        ("list-cursor", (200, ""), (200, "")),
        ("list-limit", (200, ""), (200, "")),
        ("status", (200, ""), (404, "not-received")),
        ("statuses", (200, ""), (200, "")),
        ("statuses-not-an-id", (404, "not-found"), (404, "not-found")),
        ("status-no-claims", (401, "unauthenticated"), (401, "unauthenticated")),
        ("status-not-an-id", (404, "not-found"), (404, "not-found")),
        ("status-other-user", (404, "not-received"), (404, "not-received")),
    ];
    let events = golden_events("uploads");
    let (files, known): (BTreeSet<&str>, BTreeSet<&str>) =
        (events.keys().map(String::as_str).collect(), expected.iter().map(|(name, ..)| *name).collect());
    assert_eq!(files, known, "files and expectations must match");
    for (name, accepted, not_received) in expected {
        let fixture = Fixture::default();
        let none = FaultInjector::none();
        let answer = fixture.send_under(&none, request(&events[name])).await.unwrap();
        assert_eq!(answer.outcome(), not_received, "{name}: {}", answer.body);
        assert!(fixture.records.is_empty() && fixture.objects.is_empty(), "{name}");
        fixture.validated(&key(ALICE, id(1)), Outcome::Accepted);
        let answer = fixture.send_under(&none, request(&events[name])).await.unwrap();
        assert_eq!(answer.outcome(), accepted, "{name}: {}", answer.body);
        assert_eq!(fixture.objects.is_empty(), name == "delete", "{name}");
    }
}

/// A bucket in which the validator rejects the upload and deletes the object before every HEAD.
struct RejectingBucket<'a>(&'a Fixture, ObjectKey);

impl MultipartUploads for RejectingBucket<'_> {
    async fn create_upload(
        &self,
        key: &ObjectKey,
        create_request: &CreateMultipartUpload,
    ) -> Result<String, ObjectsError> {
        self.0.objects.create_upload(key, create_request).await
    }

    async fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &str,
        after: Option<PartNumber>,
    ) -> Result<Option<PartsPage>, ObjectsError> {
        self.0.objects.list_parts(key, upload, after).await
    }

    async fn complete_upload(
        &self,
        key: &ObjectKey,
        upload: &str,
        complete_request: &CompleteMultipartUpload,
    ) -> Result<Completed, CompleteError> {
        self.0.objects.complete_upload(key, upload, complete_request).await
    }

    async fn abort_upload(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        self.0.objects.abort_upload(key, upload).await
    }

    async fn list_in_progress(
        &self,
        prefix: &str,
        after: Option<(String, String)>,
    ) -> Result<InProgressPage, ObjectsError> {
        self.0.objects.list_in_progress(prefix, after).await
    }
}

impl Objects for RejectingBucket<'_> {
    async fn head(&self, _: &ObjectKey, _: Option<&str>) -> Result<Option<ObservedObject>, ObjectsError> {
        let verdict = validated(&self.1, "deleted", Outcome::Rejected);
        self.0.records.store(Record::Validated(Box::new(verdict)));
        Ok(None)
    }

    async fn read(&self, key: &ObjectKey, version: &str, range: ByteRange) -> Result<Option<Vec<u8>>, ObjectsError> {
        self.0.objects.read(key, version, range).await
    }

    async fn delete_version(&self, key: &ObjectKey, version: &str) -> Result<(), ObjectsError> {
        self.0.objects.delete_version(key, version).await
    }

    async fn versions(&self, key: &ObjectKey) -> Result<Vec<String>, ObjectsError> {
        self.0.objects.versions(key).await
    }
}

/// The simulation found this with seed 10.
#[tokio::test]
async fn a_rejection_between_two_reads_is_found() {
    for (call, expected) in
        [(get(id(1)), (200, "")), (content(id(1)), (409, "not-accepted")), (delete(id(1)), (200, ""))]
    {
        let fixture = Fixture::default();
        let none = FaultInjector::none();
        let objects = RejectingBucket(&fixture, key(ALICE, id(1)));
        let deps = Deps { config: config(&[]), records: none.of(&fixture.records), objects, env: env() };
        let response = deps.handle(call.request()).await;
        assert_eq!(ApiResponse::of(&response).outcome(), expected);
    }
}

#[tokio::test]
async fn a_pending_verdict_shows_as_validating() {
    for object_deleted in [false, true] {
        let fixture = Fixture::default();
        let key = key(ALICE, id(1));
        let version = fixture.arrived(&key);
        let pending = Pending::Content(Box::new(validated(&key, &version, Outcome::Accepted)));
        fixture.records.store(Record::Pending(pending));
        if object_deleted {
            fixture.objects.delete_version(&key, &version).await.unwrap();
        }
        let (status, content) = (fixture.send(&get(id(1))).await, fixture.send(&content(id(1))).await);
        if object_deleted {
            assert_eq!((status.outcome(), content.outcome()), ((404, "not-received"), (404, "not-received")));
        } else {
            assert_eq!((status.status, &status.body["status"]), (200, &json!("validating")));
            assert_eq!(content.outcome(), (409, "still-validating"));
        }
        assert_eq!(fixture.send(&delete(id(1))).await.status, 200);
        assert_eq!(fixture.records.stored(), [Record::Deleted(key)]);
    }
}

#[tokio::test]
async fn the_status_has_declared_and_observed_facts() {
    let fixture = Fixture::default();
    let key = key(ALICE, id(1));
    let stored = fixture.validated(&key, Outcome::Rejected);
    let answer = fixture.send(&get(id(1))).await;
    assert_eq!(answer.status, 200);
    let reason = |code: &str| json!({ "code": code, "detail": policy::words::reason(code, "image/png", "image/png"), "evidence": "a sentence" });
    assert_eq!(
        answer.body,
        json!({
            "id": id(1).to_string(),
            "status": "rejected",
            "class": "default",
            "filename": "Ünïcödé \"x\".png",
            "declared": { "size": u64::MAX, "contentType": "image/png" },
            "observed": { "size": 69, "contentType": "image/png" },
            "reasons": [reason("empty"), reason("truncated")],
            "findings": [],
            "checksum": "crc32:AAAAAA==",
            "metadata": { "album": "Süd", "empty": "" },
            "bucket": BUCKET,
            "key": key.to_string(),
            "versionId": stored.version,
            "createdAt": "2026-11-03T12:00:00.251Z",
            "judgedAt": "2026-11-03T12:00:00.25Z"
        })
    );
}

#[tokio::test]
async fn an_object_without_a_verdict_is_validating() {
    let fixture = Fixture::default();
    assert_eq!(fixture.send(&get(id(1))).await.outcome(), (404, "not-received"));
    let key = key(ALICE, id(1));
    fixture.arrived(&key);
    let answer = fixture.send(&get(id(1))).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("validating")));
    assert_eq!(answer.body["declared"], json!({ "size": 69, "contentType": "image/png" }));
    assert_eq!((answer.body.get("observed"), answer.body.get("versionId")), (None, None));
    fixture.objects.hide(&key);
    assert_eq!(fixture.send(&get(id(1))).await.outcome(), (404, "not-received"));
    assert!(fixture.records.is_empty());
}

#[tokio::test]
async fn an_upload_of_another_owner_looks_like_one_that_never_arrived() {
    let routes =
        [get as fn(UploadId) -> ApiRequest, content, delete, |id| content(id).query("disposition=inline&redirect=1")];
    for route in routes {
        let not_received = Fixture::default().send(&route(id(1)).by(BOB)).await;
        assert_eq!(not_received.outcome(), (404, "not-received"));
        for state in 0..5 {
            let fixture = Fixture::default();
            let key = key(ALICE, id(1));
            match state {
                0 => drop(fixture.validated(&key, Outcome::Accepted)),
                1 => drop(fixture.validated(&key, Outcome::Rejected)),
                2 => drop(fixture.arrived(&key)),
                3 => fixture.records.store(Record::Deleting(key.clone())),
                _ => fixture.records.store(Record::Deleted(key.clone())),
            }
            let before = (fixture.records.stored(), fixture.objects.kept(&key));
            assert_eq!(fixture.send(&route(id(1)).by(BOB)).await, not_received, "state {state}");
            assert_eq!((fixture.records.stored(), fixture.objects.kept(&key)), before);
        }
    }
    let fixture = Fixture::default();
    fixture.validated(&key(ALICE, id(1)), Outcome::Accepted);
    let listing = fixture.send(&ApiRequest::new("GET", "/uploads").by(BOB)).await;
    assert_eq!(listing.body, json!({ "items": [], "nextCursor": null }));
    // The same subject of another identity provider is another user.
    let other_issuer = json!({ "iss": "https://issuer.example", "sub": ALICE });
    assert_eq!(fixture.send(&get(id(1)).with_claims(&other_issuer)).await.outcome(), (404, "not-received"));
}

#[tokio::test]
async fn requests_without_claims_are_refused() {
    let fixture = Fixture::default();
    fixture.validated(&key(ALICE, id(1)), Outcome::Accepted);
    let id = id(1);
    for (method, path) in [
        ("GET", "/uploads".to_owned()),
        ("GET", format!("/uploads/{id}")),
        ("GET", format!("/uploads/{id}/content")),
        ("DELETE", format!("/uploads/{id}")),
    ] {
        let answer = fixture.send(&ApiRequest::new(method, &path)).await;
        assert_eq!(answer.outcome(), (401, "unauthenticated"), "{method} {path}");
    }
    assert!(!fixture.objects.is_empty());
}

#[tokio::test]
async fn open_mode_reads_by_id_but_does_not_list_or_delete() {
    let fixture = Fixture { open_mode: true, ..Fixture::default() };
    let key = ObjectKey::new(OwnerId::open(), id(1));
    fixture.validated(&key, Outcome::Accepted);
    let path = format!("/uploads/{}", id(1));
    assert_eq!(fixture.send(&ApiRequest::new("GET", &path)).await.body["status"], "accepted");
    assert_eq!(fixture.send(&ApiRequest::new("GET", &format!("{path}/content"))).await.status, 200);
    assert_eq!(fixture.send(&ApiRequest::new("GET", "/uploads")).await.outcome(), (403, "open-mode"));
    assert_eq!(fixture.send(&ApiRequest::new("DELETE", &path)).await.outcome(), (403, "open-mode"));
    assert!(!fixture.objects.is_empty());
}

#[tokio::test]
async fn invalid_ids_and_routes_are_not_found() {
    let fixture = Fixture::default();
    let upper = id(1).to_string().to_uppercase();
    let v4 = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
    for wrong in ["x", v4, &upper, "019a49a960fa70008000000000000001"] {
        let answer = fixture.send(&ApiRequest::new("GET", &format!("/uploads/{wrong}")).by(ALICE)).await;
        assert_eq!(answer.outcome(), (404, "not-found"), "{wrong}");
    }
    for (method, path) in [("POST", "/uploads"), ("PUT", "/uploads/x"), ("GET", "/"), ("GET", "/uploads/x/content/y")] {
        let answer = fixture.send(&ApiRequest::new(method, path).by(ALICE)).await;
        assert_eq!(answer.outcome(), (404, "no-such-route"), "{method} {path}");
    }
}

#[tokio::test]
async fn an_outage_answers_503_on_every_route() {
    let fixture = Fixture::default();
    fixture.validated(&key(ALICE, id(1)), Outcome::Accepted);
    for call in [get(id(1)), content(id(1)), delete(id(1)), ApiRequest::new("GET", "/uploads").by(ALICE)] {
        let answer = fixture.send_under(&FaultInjector::outage(), call.request()).await.unwrap();
        assert_eq!(answer.outcome(), (503, "unavailable"));
        assert!(!answer.body.to_string().contains("interrupted"), "the cause is only logged");
    }
}
