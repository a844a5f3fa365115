//! Scenes that events begin: validated, scanned, announced.

use lambda_http_kit::EventHandler;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use aws_adapters::dynamodb::stream;
use aws_adapters::eventbridge::EventBridge;
use policy::key::ObjectKey;
use policy::session::{Session, State};
use policy::upload::{Outcome, Pending, Record};
use serde_json::{Value, json};
use testkit::contract::{Stocking, validated};
use testkit::{PNG, Upload, grant};
use uploads_core::ports::multipart_uploads::{CompleteMultipartUpload, MultipartUploads};
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

use super::Scenario;
use super::between::Between;
use super::fixture::{Fixture, Said, Way, somebody, within};
use super::in_parts::session;
use crate::reconcile::{begin, opened};
use crate::world::{events, eventually, listen, messages};

pub(super) const PLAIN: &[(&str, &str)] = &[];
pub(super) const SCANNED: &[(&str, &str)] =
    &[("POLICY", r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["image/*"]}], "scan": "required"}}}"#)];

/// An object that arrived, and its event.
pub(super) struct Arrived {
    pub(super) fixture: Rc<Fixture>,
    pub(super) key: ObjectKey,
    pub(super) version: String,
    pub(super) policy: &'static [(&'static str, &'static str)],
}

impl Arrived {
    pub(super) async fn new(
        fixture: Rc<Fixture>,
        bytes: &[u8],
        policy: &'static [(&'static str, &'static str)],
    ) -> Self {
        let (_, key) = somebody();
        let version = fixture.stock.put(&key, &Upload::granted(&grant(key.owner(), PNG.len() as u64), bytes)).await;
        Self { fixture, key, version, policy }
    }

    /// Put together of one part, and nobody told the session that `open` makes.
    pub(super) async fn in_parts(fixture: Rc<Fixture>, open: impl FnOnce(&ObjectKey) -> Session) -> Self {
        let (_, key) = somebody();
        let (records, objects) = (fixture.records(), fixture.objects());
        let upload = begin(&objects, &fixture.stock, &key).await;
        opened(&records, open(&key), &upload).await;
        let parts = objects.list_parts(&key, &upload, None).await.unwrap().unwrap().parts;
        let size = parts[0].size;
        let parts = parts.into_iter().map(|part| (part.number, part.etag, part.checksum)).collect();
        let assembly = CompleteMultipartUpload { parts, part_checksum: None, size, checksum: None };
        let version = objects.complete_upload(&key, &upload, &assembly).await.unwrap().version;
        Self { fixture, key, version, policy: PLAIN }
    }

    pub(super) fn created(&self) -> Value {
        json!({ "Records": [{
            "eventVersion": "2.6", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
                "bucket": { "name": self.fixture.stock.name },
                "object": { "key": self.key.to_string(), "versionId": self.version, "sequencer": "0055AED6DCD90281E5" }
            }
        }] })
    }

    pub(super) fn scan(&self, status: &str) -> Value {
        json!({ "source": "aws.guardduty", "detail-type": "GuardDuty Malware Protection Object Scan Result", "detail": {
            "s3ObjectDetails": {
                "bucketName": self.fixture.stock.name, "objectKey": self.key.to_string(), "versionId": self.version
            },
            "scanResultDetails": { "scanResultStatus": status }
        } })
    }

    /// Through the queue, as the deployed validator gets it.
    pub(super) async fn tell(&self, way: &Way<'_>, event: &Value) -> Said {
        let (records, objects) = (way.records(&self.fixture), way.objects(&self.fixture));
        let deps = validate::Deps { config: self.fixture.config(self.policy), records, objects, env: way.env() };
        let message = json!({ "eventSource": "aws:sqs", "messageId": "1", "body": event.to_string() });
        Said::of_batch(deps.handle(json!({ "Records": [message] }), within(Duration::from_mins(1))).await)
    }

    pub(super) async fn assert_outcome(&self, outcome: Outcome) {
        let Some(Record::Validated(validated)) = self.fixture.records().get(self.key.id()).await.unwrap() else {
            panic!("{} has no verdict", self.key.id())
        };
        assert_eq!((validated.outcome, &validated.version), (outcome, &self.version));
        let kept = self.fixture.objects().versions(&self.key).await.unwrap();
        let expected = if outcome == Outcome::Accepted { vec![self.version.clone()] } else { Vec::new() };
        assert_eq!(kept, expected);
    }

    /// Its five bytes are no picture, and its session knows what became of them.
    pub(super) async fn assert_closed(&self) {
        self.assert_outcome(Outcome::Rejected).await;
        let state = self.fixture.records().session(&self.key).await.unwrap().unwrap().state;
        assert!(matches!(state, State::Completed(_)), "{state:?}");
    }
}

/// A picture that is one, or half of one.
pub(super) struct Judging<const GOOD: bool>(Arrived);

impl<const GOOD: bool> Scenario for Judging<GOOD> {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str =
        if GOOD { "an object that matches its grant" } else { "an object that does not match its grant" };
    const END: &'static str =
        if GOOD { "accepted, and the version stays" } else { "rejected, and the version is deleted" };
    const CALLS: &'static [&'static str] = if GOOD {
        &["HeadObject", "GetObject", "PutItem upload"]
    } else {
        &["HeadObject", "GetObject", "PutItem upload", "DeleteObject"]
    };

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let bytes = if GOOD { PNG } else { &PNG[..40] };
        Self(Arrived::new(fixture, bytes, PLAIN).await)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.0.tell(way, &self.0.created()).await
    }

    async fn check(&self) {
        self.0.assert_outcome(if GOOD { Outcome::Accepted } else { Outcome::Rejected }).await;
    }
}

/// An object that came in parts, and whose completion nobody learned of.
pub(super) struct Closing(Arrived);

impl Scenario for Closing {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str = "an object of a multipart upload whose session is not complete";
    const END: &'static str = "a verdict, and the session is complete";
    const CALLS: &'static [&'static str] =
        &["HeadObject", "GetObject", "GetItem session", "PutItem session", "PutItem upload", "DeleteObject"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(Arrived::in_parts(fixture, session).await)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.0.tell(way, &self.0.created()).await
    }

    async fn check(&self) {
        self.0.assert_closed().await;
    }
}

/// The first half of a verdict that needs a scan.
pub(super) struct Scanning(Arrived);

impl Scenario for Scanning {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str = "a clean scan before the content was checked";
    const END: &'static str = "a pending verdict, and nothing is accepted";
    const CALLS: &'static [&'static str] = &["HeadObject", "PutItem upload"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(Arrived::new(fixture, PNG, SCANNED).await)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.0.tell(way, &self.0.scan("NO_THREATS_FOUND")).await
    }

    async fn check(&self) {
        let record = self.0.fixture.records().get(self.0.key.id()).await.unwrap();
        assert!(matches!(record, Some(Record::Pending(Pending::Scan(_)))), "{record:?}");
    }
}

/// The second half of it.
pub(super) struct Concluding(Arrived);

impl Scenario for Concluding {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str = "an object whose scan was clean";
    const END: &'static str = "accepted, and the version stays";
    const CALLS: &'static [&'static str] = &["HeadObject", "GetObject", "PutItem upload", "PutItem upload"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let arrived = Arrived::new(fixture, PNG, SCANNED).await;
        let calm = Between::with(Vec::new());
        let first = arrived.tell(&Way { between: &calm, later: false }, &arrived.scan("NO_THREATS_FOUND")).await;
        assert_eq!(first, Said::Done("done".to_owned()));
        Self(arrived)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.0.tell(way, &self.0.created()).await
    }

    async fn check(&self) {
        self.0.assert_outcome(Outcome::Accepted).await;
    }
}

/// More announcements than one call takes.
pub(super) struct Announcing {
    fixture: Rc<Fixture>,
    rule: String,
    event: Value,
    consumer: String,
    missing: RefCell<BTreeSet<String>>,
}

impl Scenario for Announcing {
    const FUNCTION: &'static str = "forward";
    const WHAT: &'static str = "eleven verdicts in the table's stream";
    const END: &'static str = "a consumer on the bus received each of them";
    const CALLS: &'static [&'static str] = &["PutEvents", "PutEvents"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let keys: Vec<ObjectKey> = (0..11).map(|_| somebody().1).collect();
        let ids: BTreeSet<String> = keys.iter().map(|key| key.id().to_string()).collect();
        let name = format!("every-fault-{}", keys[0].id());
        let consumer = listen(&name, &json!({ "source": ["sluice"], "detail": { "id": ids } }));
        let record = |(n, key): (usize, &ObjectKey)| {
            let new = Record::Validated(Box::new(validated(key, "v1", Outcome::Accepted)));
            stream::record(&uploads_core::ports::records::RecordChange { old: None, new }, n)
        };
        let event = json!({ "Records": keys.iter().enumerate().map(record).collect::<Vec<_>>() });
        Self { fixture, rule: name, event, consumer, missing: RefCell::new(ids) }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let bus = EventBridge::new(way.clients(), "default");
        let deps = forward::Deps {
            config: self.fixture.config(&[]),
            read_change: aws_adapters::dynamodb::stream::change,
            bus,
        };
        Said::of_batch(deps.handle(self.event.clone(), within(Duration::from_mins(1))).await)
    }

    async fn check(&self) {
        eventually("a consumer to hear of all", || {
            let mut missing = self.missing.borrow_mut();
            if !missing.is_empty() {
                for event in messages(&self.consumer) {
                    missing.remove(event["detail"]["id"].as_str().unwrap());
                }
            }
            missing.is_empty().then_some(())
        });
    }
}

impl Drop for Announcing {
    /// Whoever lists the stack's rules sees none of ours.
    fn drop(&mut self) {
        events("RemoveTargets", &json!({ "Rule": self.rule, "Ids": ["queue"] }));
        events("DeleteRule", &json!({ "Name": self.rule }));
    }
}
