//! Events as AWS sends them, in every wrapping, read leniently: what isn't needed isn't looked at.
//!
//! - S3's own records, versions 2.x (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>)
//! - the same through `EventBridge` (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>)
//! - what `GuardDuty` found, through `EventBridge` (<https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html>)
//! - any of them as Lambda keeps it after its last try (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>)
//! - any of them in a message of SQS, or in one of SNS, or in one of SNS in one of SQS
//!
//! (all read 2026-11). Where the line runs between what is ignored and what is a poison: `docs/decisions/0014`.

use serde_json::{Value, json};
use shared::key::{ForeignKey, ObjectKey};
use shared::upload::{ScanResult, normalised_sequencer};

/// How deep envelopes may lie in one another: a queue's message, Lambda's dead letter in it, a topic's message in that,
/// and the event.
const DEEPEST: u8 = 4;

/// What arrived.
#[derive(Debug)]
pub(crate) enum Event {
    /// A batch of queue messages.
    Queue(Vec<Message>),
    /// Anything else, unwrapped.
    Direct(Contents),
}

/// One queue message, unwrapped.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) contents: Contents,
}

/// What an event holds once its envelopes are off.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// What there is to do.
    pub(crate) news: Vec<News>,
    /// Valid events that are none of ours, by kind.
    pub(crate) ignored: Vec<Ignored>,
    /// What nobody can read: there may be an upload in it, so it must not get lost.
    pub(crate) unreadable: Vec<&'static str>,
}

/// Why a valid event is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ignored {
    /// What S3 sends once when a destination is configured.
    Test,
    /// An event of S3 that creates nothing.
    CreatesNothing,
    /// An object that lies outside our layout.
    ForeignKey,
    /// An event of another service, or of a kind that nobody asked for.
    OtherKind,
}

impl Ignored {
    /// A word for queries.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::CreatesNothing => "creates-nothing",
            Self::ForeignKey => "foreign-key",
            Self::OtherKind => "other-kind",
        }
    }
}

/// What there is to do.
#[derive(Debug)]
pub(crate) enum News {
    Created(Created),
    Scanned(Scan),
}

impl News {
    pub(crate) fn key(&self) -> &ObjectKey {
        match self {
            Self::Created(created) => &created.key,
            Self::Scanned(scan) => &scan.key,
        }
    }
}

/// What a malware scanner said of one object.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) bucket: String,
    pub(crate) key: ObjectKey,
    pub(crate) version: Option<String>,
    pub(crate) result: ScanResult,
    pub(crate) detail: String,
}

/// One object that came to be.
#[derive(Debug, Clone)]
pub(crate) struct Created {
    pub(crate) bucket: String,
    pub(crate) key: ObjectKey,
    pub(crate) version: Option<String>,
    pub(crate) sequencer: Option<String>,
}

impl Event {
    /// Reads any of them.
    pub(crate) fn read(event: &Value) -> Self {
        let records = event["Records"].as_array();
        match records.filter(|records| records.iter().any(|record| record["eventSource"] == "aws:sqs")) {
            Some(messages) => Self::Queue(messages.iter().map(Message::read).collect()),
            None => Self::Direct(Contents::of(event)),
        }
    }
}

impl Message {
    fn read(record: &Value) -> Self {
        let mut contents = Contents::default();
        if record["eventSource"] == "aws:sqs" {
            contents.add_text(&record["body"], DEEPEST);
        } else {
            contents.unreadable.push("a record of another service in a batch of messages");
        }
        Self { id: record["messageId"].as_str().unwrap_or_default().to_owned(), contents }
    }
}

impl Contents {
    fn of(event: &Value) -> Self {
        let mut contents = Self::default();
        contents.add(event, DEEPEST);
        contents
    }

    /// An event as text inside of another.
    fn add_text(&mut self, text: &Value, depth: u8) {
        match text.as_str().map(serde_json::from_str::<Value>) {
            Some(Ok(event)) => self.add(&event, depth),
            Some(Err(_)) => self.unreadable.push("a message that is not JSON"),
            None => self.unreadable.push("a message without text"),
        }
    }

    fn add(&mut self, event: &Value, depth: u8) {
        let Some(depth) = depth.checked_sub(1) else {
            self.unreadable.push("too many envelopes in one another");
            return;
        };
        if event["Event"] == "s3:TestEvent" {
            self.ignored.push(Ignored::Test);
        } else if let Some(records) = event["Records"].as_array() {
            for record in records {
                self.add_record(record, depth);
            }
        } else if event["requestPayload"].is_object() {
            // What Lambda puts among the dead letters when it invoked us itself and gave up.
            self.add(&event["requestPayload"], depth);
        } else if event["Type"] == "Notification" {
            self.add_text(&event["Message"], depth);
        } else if let (Some(source), Some(kind)) = (event["source"].as_str(), event["detail-type"].as_str()) {
            match (source, kind) {
                ("aws.s3", "Object Created") => self.add_created(event),
                ("aws.guardduty", "GuardDuty Malware Protection Object Scan Result") => self.add_scan(&event["detail"]),
                ("aws.s3", _) => self.ignored.push(Ignored::CreatesNothing),
                _ => self.ignored.push(Ignored::OtherKind),
            }
        } else {
            self.unreadable.push("it has no Records and is no event of EventBridge or SNS");
        }
    }

    fn add_record(&mut self, record: &Value, depth: u8) {
        // SNS alone writes this name with a capital.
        match record["eventSource"].as_str().or_else(|| record["EventSource"].as_str()) {
            Some("aws:s3") => self.add_s3(record),
            Some("aws:sns") => self.add_text(&record["Sns"]["Message"], depth),
            Some("aws:sqs") => self.unreadable.push("a queue within a queue"),
            Some(other) if other.starts_with("aws:") => self.ignored.push(Ignored::OtherKind),
            _ => self.unreadable.push("a record that names no service of AWS"),
        }
    }

    fn add_s3(&mut self, record: &Value) {
        // AWS: take equal majors, whatever the minor. An absent one is a test's or another store's.
        let version = record["eventVersion"].as_str().unwrap_or("2.0");
        if version.split('.').next() != Some("2") {
            self.unreadable.push("records of S3 in a version that is not 2.x");
            return;
        }
        let name = record["eventName"].as_str().unwrap_or_default();
        if name.is_empty() {
            self.unreadable.push("a record of S3 without a name");
        } else if name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
            let object = &record["s3"]["object"];
            self.add_object(&record["s3"]["bucket"], object, &object["versionId"], ObjectKey::from_event);
        } else {
            self.ignored.push(Ignored::CreatesNothing);
        }
    }

    fn add_created(&mut self, event: &Value) {
        let object = &event["detail"]["object"];
        self.add_object(&event["detail"]["bucket"], object, &object["version-id"], key_as_it_is);
    }

    fn add_object(
        &mut self,
        bucket: &Value,
        object: &Value,
        version: &Value,
        read_key: impl Fn(&str) -> Result<ObjectKey, ForeignKey>,
    ) {
        let (Some(bucket), Some(key)) = (bucket["name"].as_str(), object["key"].as_str()) else {
            self.unreadable.push("an object without a bucket or without a key");
            return;
        };
        let Ok(key) = read_key(key) else {
            self.ignored.push(Ignored::ForeignKey);
            return;
        };
        self.news.push(News::Created(Created {
            bucket: bucket.to_owned(),
            key,
            version: text(version),
            sequencer: object["sequencer"].as_str().and_then(normalised_sequencer),
        }));
    }

    fn add_scan(&mut self, detail: &Value) {
        let object = &detail["s3ObjectDetails"];
        let (Some(bucket), Some(key)) = (object["bucketName"].as_str(), object["objectKey"].as_str()) else {
            self.unreadable.push("a scan of an object without a bucket or without a key");
            return;
        };
        let Ok(key) = key_as_it_is(key) else {
            self.ignored.push(Ignored::ForeignKey);
            return;
        };
        let status = detail["scanResultDetails"]["scanResultStatus"].as_str().unwrap_or("no result");
        self.news.push(News::Scanned(Scan {
            bucket: bucket.to_owned(),
            key,
            version: text(&object["versionId"]),
            // Whatever isn't said to be clean isn't: UNSUPPORTED, ACCESS_DENIED, FAILED, and words yet to come.
            result: match status {
                "NO_THREATS_FOUND" => ScanResult::Clean,
                "THREATS_FOUND" => ScanResult::Threat,
                _ => ScanResult::Unscannable,
            },
            detail: threats(status, &detail["scanResultDetails"]["threats"]),
        }));
    }
}

/// `EventBridge` carries keys as they are, S3 encodes them in its own records. Nobody promises the former, and no key of
/// ours holds what an encoding writes: one that is encoded all the same is not to be taken for a foreign one.
fn key_as_it_is(text: &str) -> Result<ObjectKey, ForeignKey> {
    ObjectKey::parse(text).or_else(|_| ObjectKey::from_event(text))
}

/// A text with something in it.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The scanner's words, as far as a record has room for them.
fn threats(status: &str, threats: &Value) -> String {
    const ROOM: usize = 500;
    let names = threats.as_array().into_iter().flatten().filter_map(|threat| threat["name"].as_str());
    let all: Vec<&str> = std::iter::once(status).chain(names).collect();
    all.join(", ").chars().filter(|c| !c.is_control()).take(ROOM).collect()
}

/// What tells SQS which messages to deliver again.
pub(crate) fn partial_batch(failed: impl Iterator<Item = String>) -> Value {
    let failures: Vec<Value> = failed.map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": failures })
}
