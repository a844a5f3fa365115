//! Scenarios of scheduled reconciler runs.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_http_kit::EventHandler;
use policy::key::{KEY_SHARDS, ObjectKey};
use policy::parts::ETag;
use policy::session::{Cleanup, Completed, Event, Session, State};
use policy::upload::Record;
use serde_json::{Value, json};
use testkit::PNG;
use uploads_core::ports::due_index::{Checkpoint, DueIndex};
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::object_listing::ObjectListing;
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

use super::Scenario;
use super::fixture::{Fixture, Invocation, Reply, deadline_in, fresh_owner};
use super::multipart::session;
use crate::adapters::open_session;
use crate::aws::receive_json;
use crate::support::wait_for;

/// Saves the checkpoint of an interrupted walk with only `left` to do. It began when every object was due for its check.
async fn save_checkpoint(fixture: &Fixture, left: Value) {
    let began = Timestamp::now().checked_add(SignedDuration::from_hours(1)).unwrap();
    let text = json!({ "began": began, "sound": true, "left": left }).to_string();
    assert!(fixture.records().save_checkpoint(&Checkpoint { revision: 1, text }).await.unwrap());
}

/// The listing of the key's day and shard.
fn day_listing(key: &ObjectKey) -> Value {
    let day = key.id().created_at().to_zoned(jiff::tz::TimeZone::UTC).date();
    json!({ "o": [day, key.id().last_byte() % KEY_SHARDS, null] })
}

/// Runs the reconciler ten minutes later, when sessions and objects are old enough.
async fn run(fixture: &Fixture, invocation: &Invocation<'_>) -> Reply {
    let deps = Invocation::retry(invocation.proxy).reconcile(fixture);
    match deps.handle(json!({}), deadline_in(Duration::from_mins(5))).await {
        Ok(_) => Reply::done(),
        Err(_) => Reply::Retry("next run".to_owned()),
    }
}

/// The queue received the event of a version. The first check sets `checked`, and later ones pass.
fn assert_event_sent(fixture: &Fixture, checked: &Cell<bool>, key: &ObjectKey, version: &str) {
    if !checked.replace(true) {
        // Another version in the same listing may be sent too, such as one whose deletion is not finished.
        let is_sent = |event: &Value| {
            let object = &event["Records"][0]["s3"]["object"];
            (&object["key"], &object["versionId"]) == (&json!(key.to_string()), &json!(version))
        };
        wait_for("the object's event", || receive_json(&fixture.queue).iter().any(is_sent).then_some(()));
    }
}

/// One stale session, one orphaned upload, one unfinished deletion and one object without a verdict.
pub(super) struct FullRun {
    fixture: Fixture,
    stale: ObjectKey,
    deleting: ObjectKey,
    without_verdict: (ObjectKey, String),
    event_checked: Cell<bool>,
}

impl Scenario for FullRun {
    const FUNCTION: &'static str = "reconcile";
    const TITLE: &'static str = "a run that finds a stale session, a multipart upload without a session, an unfinished deletion and an object without a verdict";
    const END_STATE: &'static str = "the session is closed, no multipart upload is in progress, the deletion is done, and the object's event is sent again";
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
    const FIRST_CALL_ONLY: bool = true;

    async fn prepare(_: Rc<Fixture>) -> Self {
        // A fixture of its own: a table has one checkpoint, and a run lists the whole bucket.
        let fixture = Fixture::new();
        let records = fixture.records();
        let (_, stale) = fresh_owner();
        let upload = fixture.bucket.create_upload_with_part(&stale).await;
        open_session(&records, Session { deadline: Timestamp::now(), ..session(&stale) }, &upload).await;
        let (_, deleting) = fresh_owner();
        fixture.bucket.put_granted(&deleting, PNG).await;
        records.write_tombstone(&deleting, Timestamp::UNIX_EPOCH).await.unwrap();
        let (_, orphan) = fresh_owner();
        fixture.bucket.create_upload_with_part(&orphan).await;
        let (_, key) = fresh_owner();
        let version = fixture.bucket.put_granted(&key, PNG).await;
        save_checkpoint(&fixture, json!([{ "u": null }, day_listing(&key)])).await;
        Self { fixture, stale, deleting, without_verdict: (key, version), event_checked: Cell::new(false) }
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        run(&self.fixture, invocation).await
    }

    async fn assert_end_state(&self) {
        let state = self.fixture.records().session(&self.stale).await.unwrap().unwrap().state;
        assert!(matches!(state, State::Expired(Cleanup::Done)), "{state:?}");
        let found = self.fixture.objects().list_in_progress("1/", None).await.unwrap().uploads;
        assert!(found.is_empty(), "{found:?}");
        let record = self.fixture.records().get(self.deleting.id()).await.unwrap();
        assert_eq!(record, Some(Record::Deleted(self.deleting.clone())));
        assert_eq!(self.fixture.objects().versions(&self.deleting).await.unwrap(), Vec::<String>::new());
        let (key, version) = &self.without_verdict;
        assert_event_sent(&self.fixture, &self.event_checked, key, version);
        let stored = self.fixture.objects().list_versions(&key.to_string(), None).await.unwrap().versions;
        assert_eq!(
            stored.iter().map(|stored| &stored.version).collect::<Vec<_>>(),
            [version],
            "only the validator may delete it"
        );
    }
}

/// A multipart upload that took days and whose event was lost.
pub(super) struct LostEvent {
    fixture: Fixture,
    completed: (ObjectKey, String),
    event_checked: Cell<bool>,
}

impl Scenario for LostEvent {
    const FUNCTION: &'static str = "reconcile";
    const TITLE: &'static str = "a run that finds a multipart upload that took days and has no verdict";
    const END_STATE: &'static str = "the object's event is sent again, and the session is due until its verdict";
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
    const FIRST_CALL_ONLY: bool = true;

    async fn prepare(_: Rc<Fixture>) -> Self {
        let fixture = Fixture::new();
        let (_, key) = fresh_owner();
        let version = fixture.bucket.put_granted(&key, PNG).await;
        let completed = Completed { version: version.clone(), etag: ETag::parse("e-1").unwrap() };
        let open = session(&key).step(Event::Created { upload: "u".to_owned() }, Timestamp::now()).unwrap();
        let days_later = Timestamp::now().checked_add(SignedDuration::from_hours(72)).unwrap();
        let done = open.step(Event::Completed(completed), days_later).unwrap();
        fixture.records().open(&Session { verdict_due: Some(Timestamp::now()), ..done }).await.unwrap();
        save_checkpoint(&fixture, json!([{ "u": null }])).await;
        Self { fixture, completed: (key, version), event_checked: Cell::new(false) }
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        run(&self.fixture, invocation).await
    }

    async fn assert_end_state(&self) {
        let (key, version) = &self.completed;
        assert_event_sent(&self.fixture, &self.event_checked, key, version);
        let session = self.fixture.records().session(key).await.unwrap().unwrap();
        assert!(matches!(session.state, State::Completed(_)), "{:?}", session.state);
        let in_23_hours = Timestamp::now().checked_add(SignedDuration::from_hours(23)).unwrap();
        assert!(session.verdict_due.is_some_and(|due| due > in_23_hours), "{:?}", session.verdict_due);
        assert_eq!(self.fixture.records().get(key.id()).await.unwrap(), None);
    }
}
