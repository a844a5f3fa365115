//! Golden events in; status, code and body out.

use std::collections::BTreeSet;

use serde_json::json;
use shared::objects::ObjectsError;
use shared::objects::multipart::{Assembly, AssemblyError, Beginning, PartsPage, UnderWayPage};
use shared::parts::PartNumber;
use shared::session::Completed;
use shared::sniff::ByteRange;
use shared::testing::contract::judged;
use shared::testing::http::{Answer, Call, request};
use shared::testing::{
    ALICE, BOB, BUCKET, Interruption, Kind, MemoryObjects, MemoryRecords, PNG, ambient, config, golden_events, grant,
    id, key,
};
use shared::upload::{Judged, Outcome, Pending};

use super::*;

mod contents;
mod deletes;
mod listings;
mod sessions;

/// What a bucket and a table hold, and the function over them.
#[derive(Default)]
struct World {
    records: MemoryRecords,
    objects: MemoryObjects,
    open: bool,
}

impl World {
    /// Asks under an interruption; `None` when it was killed.
    async fn ask_under(&self, trouble: &Interruption, request: Request) -> Option<Answer> {
        let open = if self.open { "true" } else { "" };
        let deps = Deps {
            config: config(&[("OPEN_MODE", open)]),
            records: trouble.of(&self.records),
            objects: trouble.of(&self.objects),
            ambient: ambient(),
        };
        trouble.run(handle(&deps, request)).await.map(|response| Answer::of(&response.unwrap()))
    }

    async fn ask(&self, call: &Call) -> Answer {
        self.ask_under(&Interruption::none(), call.request()).await.unwrap()
    }

    /// An object that was judged so; a rejected one is gone, as it should be.
    fn judged(&self, key: &ObjectKey, outcome: Outcome) -> Judged {
        let version = self.objects.put_granted(key, &grant(key.owner(), PNG.len() as u64), PNG);
        let judged = Judged { findings: Vec::new(), ..judged(key, &version, outcome) };
        self.records.store(Record::Judged(Box::new(judged.clone())));
        judged
    }

    /// An object of which the validator has not heard yet.
    fn arrived(&self, key: &ObjectKey) -> String {
        self.objects.put_granted(key, &grant(key.owner(), PNG.len() as u64), PNG)
    }
}

fn get(id: UploadId) -> Call {
    Call::new("GET", &format!("/uploads/{id}")).by(ALICE)
}

fn content(id: UploadId) -> Call {
    Call::new("GET", &format!("/uploads/{id}/content")).by(ALICE)
}

fn delete(id: UploadId) -> Call {
    Call::new("DELETE", &format!("/uploads/{id}")).by(ALICE)
}

#[tokio::test]
async fn every_golden_event_has_its_answer() {
    // What it says of an accepted upload of Alice's, and where nothing ever arrived.
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
        ("status-no-claims", (401, "unauthenticated"), (401, "unauthenticated")),
        ("status-not-an-id", (404, "not-found"), (404, "not-found")),
        ("status-other-user", (404, "not-received"), (404, "not-received")),
    ];
    let events = golden_events("uploads");
    let (files, known): (BTreeSet<&str>, BTreeSet<&str>) =
        (events.keys().map(String::as_str).collect(), expected.iter().map(|(name, ..)| *name).collect());
    assert_eq!(files, known, "every file is used, and every use has its file");
    for (name, there, nothing) in expected {
        let world = World::default();
        let none = Interruption::none();
        let answer = world.ask_under(&none, request(&events[name])).await.unwrap();
        assert_eq!(answer.outcome(), nothing, "{name}: {}", answer.body);
        assert!(world.records.is_empty() && world.objects.is_empty(), "{name}");
        world.judged(&key(ALICE, id(1)), Outcome::Accepted);
        let answer = world.ask_under(&none, request(&events[name])).await.unwrap();
        assert_eq!(answer.outcome(), there, "{name}: {}", answer.body);
        assert_eq!(world.objects.is_empty(), name == "delete", "{name}");
    }
}

/// A bucket whose every HEAD comes just after the validator rejected and removed what lay there.
struct Emptied<'a>(&'a World, ObjectKey);

impl MultipartUploads for Emptied<'_> {
    async fn begin(&self, key: &ObjectKey, beginning: &Beginning) -> Result<String, ObjectsError> {
        self.0.objects.begin(key, beginning).await
    }

    async fn parts(
        &self,
        key: &ObjectKey,
        upload: &str,
        after: Option<PartNumber>,
    ) -> Result<Option<PartsPage>, ObjectsError> {
        self.0.objects.parts(key, upload, after).await
    }

    async fn assemble(&self, key: &ObjectKey, upload: &str, assembly: &Assembly) -> Result<Completed, AssemblyError> {
        self.0.objects.assemble(key, upload, assembly).await
    }

    async fn abort(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        self.0.objects.abort(key, upload).await
    }

    async fn under_way(&self, prefix: &str, after: Option<(String, String)>) -> Result<UnderWayPage, ObjectsError> {
        self.0.objects.under_way(prefix, after).await
    }
}

impl Objects for Emptied<'_> {
    async fn head(&self, _: &ObjectKey, _: Option<&str>) -> Result<Option<Observed>, ObjectsError> {
        let verdict = judged(&self.1, "removed", Outcome::Rejected);
        self.0.records.store(Record::Judged(Box::new(verdict)));
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

/// Found by the simulation, seed 10.
#[tokio::test]
async fn a_rejection_between_two_looks_is_not_taken_for_nothing() {
    for (call, expected) in
        [(get(id(1)), (200, "")), (content(id(1)), (409, "not-accepted")), (delete(id(1)), (200, ""))]
    {
        let world = World::default();
        let none = Interruption::none();
        let objects = Emptied(&world, key(ALICE, id(1)));
        let deps = Deps { config: config(&[]), records: none.of(&world.records), objects, ambient: ambient() };
        let response = handle(&deps, call.request()).await.unwrap();
        assert_eq!(Answer::of(&response).outcome(), expected);
    }
}

#[tokio::test]
async fn half_a_verdict_is_none() {
    for gone in [false, true] {
        let world = World::default();
        let key = key(ALICE, id(1));
        let version = world.arrived(&key);
        let half = Pending::Content(Box::new(judged(&key, &version, Outcome::Accepted)));
        world.records.store(Record::Pending(half));
        if gone {
            world.objects.delete_version(&key, &version).await.unwrap();
        }
        let (status, content) = (world.ask(&get(id(1))).await, world.ask(&content(id(1))).await);
        let seen = (status.status, status.body["status"].as_str(), content.outcome());
        let (validating, missing) = (Some("validating"), (404, "not-received"));
        assert_eq!(seen, if gone { (404, None, missing) } else { (200, validating, (409, "still-validating")) });
        assert_eq!(world.ask(&delete(id(1))).await.status, 200);
        assert_eq!(world.records.stored(), [Record::Deleted(key)]);
    }
}

#[tokio::test]
async fn the_status_tells_what_was_declared_and_what_arrived() {
    let world = World::default();
    let key = key(ALICE, id(1));
    let stored = Judged { ..world.judged(&key, Outcome::Rejected) };
    let answer = world.ask(&get(id(1))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({
            "id": id(1).to_string(),
            "status": "rejected",
            "class": "default",
            "filename": "Ünïcödé \"x\".png",
            "declared": { "size": u64::MAX, "contentType": "image/png" },
            "observed": { "size": 69, "contentType": "image/png" },
            "reasons": [{ "code": "empty", "detail": "a sentence" }, { "code": "truncated", "detail": "a sentence" }],
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
async fn until_the_verdict_the_bucket_tells_whether_anything_arrived() {
    let world = World::default();
    assert_eq!(world.ask(&get(id(1))).await.outcome(), (404, "not-received"));
    let key = key(ALICE, id(1));
    world.arrived(&key);
    let answer = world.ask(&get(id(1))).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("validating")));
    assert_eq!(answer.body["declared"], json!({ "size": 69, "contentType": "image/png" }));
    assert_eq!((answer.body.get("observed"), answer.body.get("versionId")), (None, None));
    world.objects.hide(&key);
    assert_eq!(world.ask(&get(id(1))).await.outcome(), (404, "not-received"));
    assert!(world.records.is_empty());
}

#[tokio::test]
async fn another_users_upload_looks_exactly_like_none() {
    let routes =
        [get as fn(UploadId) -> Call, content, delete, |id| content(id).query("disposition=inline&redirect=1")];
    for route in routes {
        let never = World::default().ask(&route(id(1)).by(BOB)).await;
        assert_eq!(never.outcome(), (404, "not-received"));
        for state in 0..5 {
            let world = World::default();
            let key = key(ALICE, id(1));
            match state {
                0 => drop(world.judged(&key, Outcome::Accepted)),
                1 => drop(world.judged(&key, Outcome::Rejected)),
                2 => drop(world.arrived(&key)),
                3 => world.records.store(Record::Deleting(key.clone())),
                _ => world.records.store(Record::Deleted(key.clone())),
            }
            let before = (world.records.stored(), world.objects.kept(&key));
            assert_eq!(world.ask(&route(id(1)).by(BOB)).await, never, "state {state}");
            assert_eq!((world.records.stored(), world.objects.kept(&key)), before);
        }
    }
    let world = World::default();
    world.judged(&key(ALICE, id(1)), Outcome::Accepted);
    let listing = world.ask(&Call::new("GET", "/uploads").by(BOB)).await;
    assert_eq!(listing.body, json!({ "items": [], "nextCursor": null }));
    // The same subject of another identity provider is another user.
    let elsewhere = json!({ "iss": "https://issuer.example", "sub": ALICE });
    assert_eq!(world.ask(&get(id(1)).with_claims(&elsewhere)).await.outcome(), (404, "not-received"));
}

#[tokio::test]
async fn nobody_learns_anything() {
    let world = World::default();
    world.judged(&key(ALICE, id(1)), Outcome::Accepted);
    let id = id(1);
    for (method, path) in [
        ("GET", "/uploads".to_owned()),
        ("GET", format!("/uploads/{id}")),
        ("GET", format!("/uploads/{id}/content")),
        ("DELETE", format!("/uploads/{id}")),
    ] {
        let answer = world.ask(&Call::new(method, &path)).await;
        assert_eq!(answer.outcome(), (401, "unauthenticated"), "{method} {path}");
    }
    assert!(!world.objects.is_empty());
}

#[tokio::test]
async fn an_open_deployment_reads_by_id_and_neither_lists_nor_deletes() {
    let world = World { open: true, ..World::default() };
    let key = ObjectKey::new(OwnerId::open(), id(1));
    world.judged(&key, Outcome::Accepted);
    let bare = |method: &str, path: &str| Call::new(method, path);
    let path = format!("/uploads/{}", id(1));
    assert_eq!(world.ask(&bare("GET", &path)).await.body["status"], "accepted");
    assert_eq!(world.ask(&bare("GET", &format!("{path}/content"))).await.status, 200);
    assert_eq!(world.ask(&bare("GET", "/uploads")).await.outcome(), (403, "open-mode"));
    assert_eq!(world.ask(&bare("DELETE", &path)).await.outcome(), (403, "open-mode"));
    assert!(!world.objects.is_empty());
}

#[tokio::test]
async fn what_is_no_id_and_what_is_no_route() {
    let world = World::default();
    let upper = id(1).to_string().to_uppercase();
    let v4 = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
    for wrong in ["x", v4, &upper, "019a49a960fa70008000000000000001"] {
        let answer = world.ask(&Call::new("GET", &format!("/uploads/{wrong}")).by(ALICE)).await;
        assert_eq!(answer.outcome(), (404, "not-found"), "{wrong}");
    }
    for (method, path) in [("POST", "/uploads"), ("PUT", "/uploads/x"), ("GET", "/"), ("GET", "/uploads/x/content/y")] {
        let answer = world.ask(&Call::new(method, path).by(ALICE)).await;
        assert_eq!(answer.outcome(), (404, "no-such-route"), "{method} {path}");
    }
}

#[tokio::test]
async fn an_outage_is_a_503_on_every_route() {
    let world = World::default();
    world.judged(&key(ALICE, id(1)), Outcome::Accepted);
    for call in [get(id(1)), content(id(1)), delete(id(1)), Call::new("GET", "/uploads").by(ALICE)] {
        let answer = world.ask_under(&Interruption::outage(), call.request()).await.unwrap();
        assert_eq!(answer.outcome(), (503, "unavailable"));
        assert!(!answer.body.to_string().contains("interrupted"), "the cause is for the log alone");
    }
}
