//! Runs of the reconciler.

use lambda_http_kit::EventHandler;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use aws_adapters::sqs::SqsQueue;
use jiff::{SignedDuration, Timestamp};
use policy::key::ObjectKey;
use policy::parts::ETag;
use policy::session::{Cleanup, Completed, Event, Session, State};
use policy::upload::Record;
use serde_json::{Value, json};
use testkit::contract::Stocking;
use testkit::{PNG, Upload, grant};
use uploads_core::ports::due_index::{Checkpoint, DueIndex};
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::object_listing::ObjectListing;
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

use super::Scenario;
use super::fixture::{Fixture, Said, Way, somebody, within};
use super::in_parts::session;
use crate::reconcile::{begin, opened};
use crate::world::messages;

/// Lets a walk have been interrupted of which only `left` is left, so that a run does not take hundreds of requests.
async fn walking(fixture: &Fixture, left: Value) {
    let text = json!({ "began": Timestamp::now(), "sound": true, "left": left }).to_string();
    assert!(fixture.records().save_checkpoint(&Checkpoint { revision: 1, text }).await.unwrap());
}

/// The objects of a key's day that share its prefix.
fn day(key: &ObjectKey) -> String {
    key.to_string().rsplitn(3, '/').last().unwrap().to_owned() + "/"
}

async fn run(fixture: &Fixture, way: &Way<'_>) -> Said {
    let way = Way { later: true, ..*way };
    let (records, objects) = (way.records(fixture), way.objects(fixture));
    let events = SqsQueue::new(way.clients(), &fixture.queue);
    let deps = reconcile::Deps { config: fixture.config(&[]), records, objects, events, env: way.env() };
    match deps.handle(json!({}), within(Duration::from_mins(5))).await {
        Ok(_) => Said::Done("done".to_owned()),
        Err(_) => Said::Again("next run".to_owned()),
    }
}

/// Sees that the validator was told of a version, once it was seen.
fn assert_told(fixture: &Fixture, sent: &Cell<bool>, key: &ObjectKey, version: &str) {
    if !sent.replace(true) {
        let object = &messages(&fixture.queue)[0]["Records"][0]["s3"]["object"];
        assert_eq!((&object["key"], &object["versionId"]), (&json!(key.to_string()), &json!(version)));
    }
}

/// A run of the reconciler over one stale session, one upload of no session, one half of a deletion, and one object without
/// a verdict.
pub(super) struct Reconciling {
    fixture: Fixture,
    stale: ObjectKey,
    deleting: ObjectKey,
    unjudged: (ObjectKey, String),
    sent: Cell<bool>,
}

impl Scenario for Reconciling {
    const FUNCTION: &'static str = "reconcile";
    const WHAT: &'static str = "a run that finds a stale session, a multipart upload without a session, an unfinished deletion and an object without a verdict";
    const END: &'static str = "the session is closed, no multipart upload is in progress, the deletion is done, and the object's event is sent again";
    const CALLS: &'static [&'static str] = &[
        "Query byDue",
        "GetItem session",
        "ListParts",
        "PutItem session",
        "AbortMultipartUpload",
        "GetItem upload",
        "DeleteObject",
        "UpdateItem upload",
        "ListMultipartUploads",
        "GetItem reconcile",
        "ListObjectVersions",
        "BatchGetItem",
        "SendMessage",
        "PutItem reconcile",
    ];
    const FIRST_OF_EACH: bool = true;

    async fn prepare(_: Rc<Fixture>) -> Self {
        // Of its own: there is one checkpoint in a table, and the walk sees all of a bucket.
        let fixture = Fixture::new();
        let (records, objects) = (fixture.records(), fixture.objects());
        let (_, stale) = somebody();
        let upload = begin(&objects, &fixture.stock, &stale).await;
        opened(&records, Session { deadline: Timestamp::now(), ..session(&stale) }, &upload).await;
        let (_, deleting) = somebody();
        let granted = |key: &ObjectKey| Upload::granted(&grant(key.owner(), PNG.len() as u64), PNG);
        fixture.stock.put(&deleting, &granted(&deleting)).await;
        records.write_tombstone(&deleting, Timestamp::UNIX_EPOCH).await.unwrap();
        let (_, orphan) = somebody();
        begin(&objects, &fixture.stock, &orphan).await;
        let (_, key) = somebody();
        let version = fixture.stock.put(&key, &granted(&key)).await;
        walking(&fixture, json!([{ "u": null }, { "o": [day(&key), null] }])).await;
        Self { fixture, stale, deleting, unjudged: (key, version), sent: Cell::new(false) }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        run(&self.fixture, way).await
    }

    async fn check(&self) {
        let state = self.fixture.records().session(&self.stale).await.unwrap().unwrap().state;
        assert!(matches!(state, State::Expired(Cleanup::Done)), "{state:?}");
        let found = self.fixture.objects().list_in_progress("1/", None).await.unwrap().uploads;
        assert!(found.is_empty(), "{found:?}");
        let record = self.fixture.records().get(self.deleting.id()).await.unwrap();
        assert_eq!(record, Some(Record::Deleted(self.deleting.clone())));
        assert_eq!(self.fixture.objects().versions(&self.deleting).await.unwrap(), Vec::<String>::new());
        let (key, version) = &self.unjudged;
        assert_told(&self.fixture, &self.sent, key, version);
        let lies = self.fixture.objects().list_versions(&key.to_string(), None).await.unwrap().versions;
        assert_eq!(
            lies.iter().map(|one| &one.version).collect::<Vec<_>>(),
            [version],
            "that is the validator's to judge"
        );
    }
}

/// A run over an upload in parts that took days, and of whose object nobody was told.
pub(super) struct Unheard {
    fixture: Fixture,
    whole: (ObjectKey, String),
    sent: Cell<bool>,
}

impl Scenario for Unheard {
    const FUNCTION: &'static str = "reconcile";
    const WHAT: &'static str = "a run that finds a multipart upload that took days and has no verdict";
    const END: &'static str = "the object's event is sent again, and the session is due until its verdict";
    const CALLS: &'static [&'static str] = &[
        "Query byDue",
        "GetItem session",
        "BatchGetItem",
        "ListObjectVersions",
        "SendMessage",
        "PutItem session",
        "GetItem reconcile",
        "ListMultipartUploads",
        "PutItem reconcile",
    ];
    const FIRST_OF_EACH: bool = true;

    async fn prepare(_: Rc<Fixture>) -> Self {
        let fixture = Fixture::new();
        let (_, key) = somebody();
        let version = fixture.stock.put(&key, &Upload::granted(&grant(key.owner(), PNG.len() as u64), PNG)).await;
        let whole = Completed { version: version.clone(), etag: ETag::parse("e-1").unwrap() };
        let began = session(&key).step(Event::Created { upload: "u".to_owned() }, Timestamp::now()).unwrap();
        let days = Timestamp::now().checked_add(SignedDuration::from_hours(72)).unwrap();
        let done = began.step(Event::Completed(whole), days).unwrap();
        fixture.records().open(&Session { verdict_due: Some(Timestamp::now()), ..done }).await.unwrap();
        walking(&fixture, json!([{ "u": null }])).await;
        Self { fixture, whole: (key, version), sent: Cell::new(false) }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        run(&self.fixture, way).await
    }

    async fn check(&self) {
        let (key, version) = &self.whole;
        assert_told(&self.fixture, &self.sent, key, version);
        let session = self.fixture.records().session(key).await.unwrap().unwrap();
        assert!(matches!(session.state, State::Completed(_)), "{:?}", session.state);
        let tomorrow = Timestamp::now().checked_add(SignedDuration::from_hours(23)).unwrap();
        assert!(session.verdict_due.is_some_and(|due| due > tomorrow), "{:?}", session.verdict_due);
        assert_eq!(self.fixture.records().get(key.id()).await.unwrap(), None);
    }
}
