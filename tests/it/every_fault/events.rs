//! Scenes that events begin: judged, scanned, announced.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::bus::eventbridge::EventBridge;
use shared::key::ObjectKey;
use shared::objects::Objects;
use shared::objects::multipart::{Assembly, MultipartUploads};
use shared::records::UploadRecords;
use shared::records::sessions::Sessions;
use shared::records::stream;
use shared::session::{Session, State};
use shared::testing::contract::{Stocking, judged};
use shared::testing::{PNG, Upload, grant};
use shared::upload::{Outcome, Pending, Record};

use super::Scene;
use super::between::Between;
use super::ground::{Ground, Said, Way, somebody, within};
use super::in_parts::session;
use crate::reconcile::{begin, opened};
use crate::world::{events, eventually, listen, messages};

pub(super) const PLAIN: &[(&str, &str)] = &[];
pub(super) const SCANNED: &[(&str, &str)] =
    &[("POLICY", r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["image/*"]}], "scan": "required"}}}"#)];

/// An object that arrived, and its event.
pub(super) struct Arrived {
    pub(super) ground: Rc<Ground>,
    pub(super) key: ObjectKey,
    pub(super) version: String,
    pub(super) policy: &'static [(&'static str, &'static str)],
}

impl Arrived {
    pub(super) async fn new(ground: Rc<Ground>, bytes: &[u8], policy: &'static [(&'static str, &'static str)]) -> Self {
        let (_, key) = somebody();
        let version = ground.stock.put(&key, &Upload::granted(&grant(key.owner(), PNG.len() as u64), bytes)).await;
        Self { ground, key, version, policy }
    }

    /// Put together of one part, and nobody told the session that `open` makes.
    pub(super) async fn in_parts(ground: Rc<Ground>, open: impl FnOnce(&ObjectKey) -> Session) -> Self {
        let (_, key) = somebody();
        let (records, objects) = (ground.records(), ground.objects());
        let upload = begin(&objects, &ground.stock, &key).await;
        opened(&records, open(&key), &upload).await;
        let parts = objects.parts(&key, &upload, None).await.unwrap().unwrap().parts;
        let size = parts[0].size;
        let parts = parts.into_iter().map(|part| (part.number, part.etag, part.checksum)).collect();
        let assembly = Assembly { parts, part_checksum: None, size, checksum: None };
        let version = objects.assemble(&key, &upload, &assembly).await.unwrap().version;
        Self { ground, key, version, policy: PLAIN }
    }

    pub(super) fn created(&self) -> Value {
        json!({ "Records": [{
            "eventVersion": "2.6", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
                "bucket": { "name": self.ground.stock.name },
                "object": { "key": self.key.to_string(), "versionId": self.version, "sequencer": "0055AED6DCD90281E5" }
            }
        }] })
    }

    pub(super) fn scan(&self, status: &str) -> Value {
        json!({ "source": "aws.guardduty", "detail-type": "GuardDuty Malware Protection Object Scan Result", "detail": {
            "s3ObjectDetails": {
                "bucketName": self.ground.stock.name, "objectKey": self.key.to_string(), "versionId": self.version
            },
            "scanResultDetails": { "scanResultStatus": status }
        } })
    }

    /// Through the queue, as the deployed validator gets it.
    pub(super) async fn tell(&self, way: &Way<'_>, event: &Value) -> Said {
        let (records, objects) = (way.records(&self.ground), way.objects(&self.ground));
        let deps = validate::Deps { config: self.ground.config(self.policy), records, objects, ambient: way.ambient() };
        let message = json!({ "eventSource": "aws:sqs", "messageId": "1", "body": event.to_string() });
        Said::of_batch(validate::handle(&deps, json!({ "Records": [message] }), within(Duration::from_mins(1))).await)
    }

    pub(super) async fn assert_outcome(&self, outcome: Outcome) {
        let Some(Record::Judged(judged)) = self.ground.records().get(self.key.id()).await.unwrap() else {
            panic!("{} has no verdict", self.key.id())
        };
        assert_eq!((judged.outcome, &judged.version), (outcome, &self.version));
        let kept = self.ground.objects().versions(&self.key).await.unwrap();
        let expected = if outcome == Outcome::Accepted { vec![self.version.clone()] } else { Vec::new() };
        assert_eq!(kept, expected);
    }

    /// Its five bytes are no picture, and its session knows what became of them.
    pub(super) async fn assert_closed(&self) {
        self.assert_outcome(Outcome::Rejected).await;
        let state = self.ground.records().session(&self.key).await.unwrap().unwrap().state;
        assert!(matches!(state, State::Completed(_)), "{state:?}");
    }
}

/// A picture that is one, or half of one.
pub(super) struct Judging<const GOOD: bool>(Arrived);

impl<const GOOD: bool> Scene for Judging<GOOD> {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str =
        if GOOD { "an object as it was granted" } else { "an object that is not what was granted" };
    const END: &'static str = if GOOD { "accepted, and it stays" } else { "rejected, and it is gone" };
    const CALLS: &'static [&'static str] = if GOOD {
        &["HeadObject", "GetObject", "PutItem upload"]
    } else {
        &["HeadObject", "GetObject", "PutItem upload", "DeleteObject"]
    };

    async fn prepare(ground: Rc<Ground>) -> Self {
        let bytes = if GOOD { PNG } else { &PNG[..40] };
        Self(Arrived::new(ground, bytes, PLAIN).await)
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

impl Scene for Closing {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str = "an object that came in parts, whose session does not know of it";
    const END: &'static str = "a verdict, and the session is complete";
    const CALLS: &'static [&'static str] =
        &["HeadObject", "GetObject", "GetItem session", "PutItem session", "PutItem upload", "DeleteObject"];

    async fn prepare(ground: Rc<Ground>) -> Self {
        Self(Arrived::in_parts(ground, session).await)
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

impl Scene for Scanning {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str = "a clean scan before the content was looked at";
    const END: &'static str = "half a verdict waits, and nothing is accepted";
    const CALLS: &'static [&'static str] = &["HeadObject", "PutItem upload"];

    async fn prepare(ground: Rc<Ground>) -> Self {
        Self(Arrived::new(ground, PNG, SCANNED).await)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.0.tell(way, &self.0.scan("NO_THREATS_FOUND")).await
    }

    async fn check(&self) {
        let record = self.0.ground.records().get(self.0.key.id()).await.unwrap();
        assert!(matches!(record, Some(Record::Pending(Pending::Scan(_)))), "{record:?}");
    }
}

/// The second half of it.
pub(super) struct Concluding(Arrived);

impl Scene for Concluding {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str = "an object whose scan was clean";
    const END: &'static str = "accepted, and it stays";
    const CALLS: &'static [&'static str] = &["HeadObject", "GetObject", "PutItem upload", "PutItem upload"];

    async fn prepare(ground: Rc<Ground>) -> Self {
        let arrived = Arrived::new(ground, PNG, SCANNED).await;
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
    ground: Rc<Ground>,
    rule: String,
    event: Value,
    consumer: String,
    missing: RefCell<BTreeSet<String>>,
}

impl Scene for Announcing {
    const FUNCTION: &'static str = "forward";
    const WHAT: &'static str = "eleven verdicts in the table's stream";
    const END: &'static str = "a consumer on the bus heard of each of them";
    const CALLS: &'static [&'static str] = &["PutEvents", "PutEvents"];

    async fn prepare(ground: Rc<Ground>) -> Self {
        let keys: Vec<ObjectKey> = (0..11).map(|_| somebody().1).collect();
        let ids: BTreeSet<String> = keys.iter().map(|key| key.id().to_string()).collect();
        let name = format!("every-fault-{}", keys[0].id());
        let consumer = listen(&name, &json!({ "source": ["sluice"], "detail": { "id": ids } }));
        let record = |(n, key): (usize, &ObjectKey)| {
            let new = Record::Judged(Box::new(judged(key, "v1", Outcome::Accepted)));
            stream::record(&stream::Change { old: None, new }, n)
        };
        let event = json!({ "Records": keys.iter().enumerate().map(record).collect::<Vec<_>>() });
        Self { ground, rule: name, event, consumer, missing: RefCell::new(ids) }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let bus = EventBridge::new(way.clients(), "default");
        let region = "eu-central-1".to_owned();
        let deps = forward::Deps { bucket: self.ground.stock.name.clone(), region, bus };
        Said::of_batch(forward::handle(&deps, self.event.clone(), within(Duration::from_mins(1))).await)
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
