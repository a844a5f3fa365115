//! Runs of the reconciler.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::key::ObjectKey;
use shared::objects::Objects;
use shared::objects::inventory::Inventory;
use shared::objects::multipart::MultipartUploads;
use shared::parts::ETag;
use shared::queue::sqs::SqsQueue;
use shared::records::UploadRecords;
use shared::records::census::{Bookmark, Census};
use shared::records::sessions::Sessions;
use shared::session::{Completed, Event, Left, Session, State};
use shared::testing::contract::Stocking;
use shared::testing::{PNG, Upload, grant};
use shared::upload::Record;

use super::Scene;
use super::ground::{Ground, Said, Way, somebody, within};
use super::in_parts::session;
use crate::reconcile::{begin, opened};
use crate::world::messages;

/// Lets a walk have been interrupted of which only `left` is left, so that a run does not take hundreds of requests.
async fn walking(ground: &Ground, left: Value) {
    let text = json!({ "began": Timestamp::now(), "sound": true, "left": left }).to_string();
    assert!(ground.records().keep(&Bookmark { edition: 1, text }).await.unwrap());
}

/// The objects of a key's day that share its prefix.
fn day(key: &ObjectKey) -> String {
    key.to_string().rsplitn(3, '/').last().unwrap().to_owned() + "/"
}

async fn run(ground: &Ground, way: &Way<'_>) -> Said {
    let way = Way { later: true, ..*way };
    let (records, objects) = (way.records(ground), way.objects(ground));
    let events = SqsQueue::new(way.clients(), &ground.queue);
    let deps = reconcile::Deps { config: ground.config(&[]), records, objects, events, ambient: way.ambient() };
    match reconcile::handle(&deps, &json!({}), within(Duration::from_mins(5))).await {
        Ok(_) => Said::Done("done".to_owned()),
        Err(_) => Said::Again("next run".to_owned()),
    }
}

/// Sees that the validator was told of a version, once it was seen.
fn assert_told(ground: &Ground, sent: &Cell<bool>, key: &ObjectKey, version: &str) {
    if !sent.replace(true) {
        let object = &messages(&ground.queue)[0]["Records"][0]["s3"]["object"];
        assert_eq!((&object["key"], &object["versionId"]), (&json!(key.to_string()), &json!(version)));
    }
}

/// A run of the reconciler over one stale session, one upload of no session, one half of a deletion, and one object without
/// a verdict.
pub(super) struct Reconciling {
    ground: Ground,
    stale: ObjectKey,
    deleting: ObjectKey,
    unjudged: (ObjectKey, String),
    sent: Cell<bool>,
}

impl Scene for Reconciling {
    const FUNCTION: &'static str = "reconcile";
    const WHAT: &'static str = "a run that finds a stale session, an upload of no session, a deletion half done, and an object without a verdict";
    const END: &'static str =
        "the session is over, no upload is under way, the deletion is done, and the validator is told of the object";
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

    async fn prepare(_: Rc<Ground>) -> Self {
        // Of its own: there is one bookmark in a table, and the walk sees all of a bucket.
        let ground = Ground::new();
        let (records, objects) = (ground.records(), ground.objects());
        let (_, stale) = somebody();
        let upload = begin(&objects, &ground.stock, &stale).await;
        opened(&records, Session { deadline: Timestamp::now(), ..session(&stale) }, &upload).await;
        let (_, deleting) = somebody();
        let granted = |key: &ObjectKey| Upload::granted(&grant(key.owner(), PNG.len() as u64), PNG);
        ground.stock.put(&deleting, &granted(&deleting)).await;
        records.bury(&deleting, Timestamp::UNIX_EPOCH).await.unwrap();
        let (_, orphan) = somebody();
        begin(&objects, &ground.stock, &orphan).await;
        let (_, key) = somebody();
        let version = ground.stock.put(&key, &granted(&key)).await;
        walking(&ground, json!([{ "u": null }, { "o": [day(&key), null] }])).await;
        Self { ground, stale, deleting, unjudged: (key, version), sent: Cell::new(false) }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        run(&self.ground, way).await
    }

    async fn check(&self) {
        let state = self.ground.records().session(&self.stale).await.unwrap().unwrap().state;
        assert!(matches!(state, State::Expired(Left::Nothing)), "{state:?}");
        let found = self.ground.objects().under_way("1/", None).await.unwrap().uploads;
        assert!(found.is_empty(), "{found:?}");
        let record = self.ground.records().get(self.deleting.id()).await.unwrap();
        assert_eq!(record, Some(Record::Deleted(self.deleting.clone())));
        assert_eq!(self.ground.objects().versions(&self.deleting).await.unwrap(), Vec::<String>::new());
        let (key, version) = &self.unjudged;
        assert_told(&self.ground, &self.sent, key, version);
        let lies = self.ground.objects().stored(&key.to_string(), None).await.unwrap().versions;
        assert_eq!(
            lies.iter().map(|one| &one.version).collect::<Vec<_>>(),
            [version],
            "that is the validator's to judge"
        );
    }
}

/// A run over an upload in parts that took days, and of whose object nobody was told.
pub(super) struct Unheard {
    ground: Ground,
    whole: (ObjectKey, String),
    sent: Cell<bool>,
}

impl Scene for Unheard {
    const FUNCTION: &'static str = "reconcile";
    const WHAT: &'static str = "a run that finds an upload in parts which took days and has no verdict";
    const END: &'static str = "the validator is told of the object, and the session waits for its verdict";
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

    async fn prepare(_: Rc<Ground>) -> Self {
        let ground = Ground::new();
        let (_, key) = somebody();
        let version = ground.stock.put(&key, &Upload::granted(&grant(key.owner(), PNG.len() as u64), PNG)).await;
        let whole = Completed { version: version.clone(), etag: ETag::parse("e-1").unwrap() };
        let began = session(&key).step(Event::Begun { upload: "u".to_owned() }, Timestamp::now()).unwrap();
        let days = Timestamp::now().checked_add(SignedDuration::from_hours(72)).unwrap();
        let done = began.step(Event::Completed(whole), days).unwrap();
        ground.records().open(&Session { verdict_due: Some(Timestamp::now()), ..done }).await.unwrap();
        walking(&ground, json!([{ "u": null }])).await;
        Self { ground, whole: (key, version), sent: Cell::new(false) }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        run(&self.ground, way).await
    }

    async fn check(&self) {
        let (key, version) = &self.whole;
        assert_told(&self.ground, &self.sent, key, version);
        let session = self.ground.records().session(key).await.unwrap().unwrap();
        assert!(matches!(session.state, State::Completed(_)), "{:?}", session.state);
        let tomorrow = Timestamp::now().checked_add(SignedDuration::from_hours(23)).unwrap();
        assert!(session.verdict_due.is_some_and(|due| due > tomorrow), "{:?}", session.verdict_due);
        assert_eq!(self.ground.records().get(key.id()).await.unwrap(), None);
    }
}
