//! Parses events as AWS sends them, in every envelope. Fields that the function doesn't need are not checked.
//!
//! - S3's own records, versions 2.x (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>)
//! - S3's events through `EventBridge` (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>)
//! - `GuardDuty`'s scan results through `EventBridge` (<https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html>)
//! - any of them as Lambda sends it to a dead-letter queue (DLQ) after the last attempt (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>)
//! - any of them in an SQS message, in an SNS message, or in an SNS message inside an SQS message
//!
//! (all read 2026-11). Which events are ignored and which are unreadable: `docs/decisions/0014`.

use policy::key::{ForeignKey, ObjectKey};
use policy::upload::{ScanResult, normalised_sequencer};
use serde_json::{Value, json};

/// The longest chain of envelopes, the event included: SQS message, Lambda's DLQ record, SNS message, event.
const MAX_DEPTH: u8 = 4;

/// The payload of one invocation.
#[derive(Debug)]
pub(crate) enum Event {
    /// A batch of SQS messages.
    Queue(Vec<Message>),
    /// Any other payload.
    Direct(Contents),
}

/// One SQS message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) contents: Contents,
}

/// What is inside the envelopes.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// The events to handle.
    pub(crate) events: Vec<ObjectEvent>,
    /// Valid events that don't concern this function.
    pub(crate) ignored: Vec<Ignored>,
    /// Why parts of the payload are unreadable. They may be about an upload, so they go to the DLQ.
    pub(crate) unreadable: Vec<&'static str>,
}

/// Why a valid event doesn't concern this function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ignored {
    /// S3's test event, sent once when a destination is configured.
    Test,
    /// An S3 event that creates no object.
    CreatesNothing,
    /// The key does not have the layout of [`ObjectKey`].
    ForeignKey,
    /// An event of another service, or of another kind.
    OtherKind,
}

impl Ignored {
    /// The value of the log field `ignored`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::CreatesNothing => "creates-nothing",
            Self::ForeignKey => "foreign-key",
            Self::OtherKind => "other-kind",
        }
    }
}

/// An event about one object.
#[derive(Debug)]
pub(crate) enum ObjectEvent {
    Created(ObjectCreated),
    Scanned(ObjectScanned),
}

impl ObjectEvent {
    pub(crate) fn bucket(&self) -> &str {
        match self {
            Self::Created(created) => &created.bucket,
            Self::Scanned(scanned) => &scanned.bucket,
        }
    }

    pub(crate) fn key(&self) -> &ObjectKey {
        match self {
            Self::Created(created) => &created.key,
            Self::Scanned(scanned) => &scanned.key,
        }
    }
}

/// S3 created a version of an object.
#[derive(Debug)]
pub(crate) struct ObjectCreated {
    pub(crate) bucket: String,
    pub(crate) key: ObjectKey,
    /// `None` in events of a bucket without versioning.
    pub(crate) version: Option<String>,
    /// Normalised, so that sequencers compare as text.
    pub(crate) sequencer: Option<String>,
}

/// A malware scanner reported its result for a version of an object.
#[derive(Debug)]
pub(crate) struct ObjectScanned {
    pub(crate) bucket: String,
    pub(crate) key: ObjectKey,
    /// `None` in events of a bucket without versioning.
    pub(crate) version: Option<String>,
    pub(crate) result: ScanResult,
    /// The scanner's status and threat names, at most 500 characters.
    pub(crate) detail: String,
}

impl Event {
    pub(crate) fn parse(event: &Value) -> Self {
        let records = event["Records"].as_array();
        match records.filter(|records| records.iter().any(|record| record["eventSource"] == "aws:sqs")) {
            Some(messages) => Self::Queue(messages.iter().map(Message::parse).collect()),
            None => Self::Direct(Contents::parse(event)),
        }
    }
}

impl Message {
    fn parse(record: &Value) -> Self {
        let mut contents = Contents::default();
        if record["eventSource"] == "aws:sqs" {
            contents.add_text(&record["body"], MAX_DEPTH);
        } else {
            contents.unreadable.push("a record of another service in an SQS batch");
        }
        Self { id: record["messageId"].as_str().unwrap_or_default().to_owned(), contents }
    }
}

impl Contents {
    fn parse(event: &Value) -> Self {
        let mut contents = Self::default();
        contents.add(event, MAX_DEPTH);
        contents
    }

    /// Adds an event that is JSON text in a field of its envelope.
    fn add_text(&mut self, text: &Value, depth: u8) {
        match text.as_str().map(serde_json::from_str::<Value>) {
            Some(Ok(event)) => self.add(&event, depth),
            Some(Err(_)) => self.unreadable.push("a message that is not JSON"),
            None => self.unreadable.push("a message without text"),
        }
    }

    fn add(&mut self, event: &Value, depth: u8) {
        let Some(depth) = depth.checked_sub(1) else {
            self.unreadable.push("too many nested envelopes");
            return;
        };
        if event["Event"] == "s3:TestEvent" {
            self.ignored.push(Ignored::Test);
        } else if let Some(records) = event["Records"].as_array() {
            for record in records {
                self.add_record(record, depth);
            }
        } else if event["requestPayload"].is_object() {
            // Lambda's DLQ record for an asynchronous invocation that failed.
            self.add(&event["requestPayload"], depth);
        } else if event["Type"] == "Notification" {
            self.add_text(&event["Message"], depth);
        } else if let (Some(source), Some(kind)) = (event["source"].as_str(), event["detail-type"].as_str()) {
            match (source, kind) {
                ("aws.s3", "Object Created") => self.add_eventbridge(&event["detail"]),
                ("aws.guardduty", "GuardDuty Malware Protection Object Scan Result") => {
                    self.add_object_scanned(&event["detail"]);
                }
                ("aws.s3", _) => self.ignored.push(Ignored::CreatesNothing),
                _ => self.ignored.push(Ignored::OtherKind),
            }
        } else {
            self.unreadable.push("neither Records nor an event of EventBridge or SNS");
        }
    }

    fn add_record(&mut self, record: &Value, depth: u8) {
        // SNS writes this name with a capital E.
        match record["eventSource"].as_str().or_else(|| record["EventSource"].as_str()) {
            Some("aws:s3") => self.add_s3(record),
            Some("aws:sns") => self.add_text(&record["Sns"]["Message"], depth),
            Some("aws:sqs") => self.unreadable.push("an SQS message inside an SQS message"),
            Some(other) if other.starts_with("aws:") => self.ignored.push(Ignored::OtherKind),
            _ => self.unreadable.push("a record without an AWS event source"),
        }
    }

    fn add_s3(&mut self, record: &Value) {
        // AWS says to compare only the major version. Other stores and tests may send none.
        let version = record["eventVersion"].as_str().unwrap_or("2.0");
        if version.split('.').next() != Some("2") {
            self.unreadable.push("an S3 record whose version is not 2.x");
            return;
        }
        let event_name = record["eventName"].as_str().unwrap_or_default();
        if event_name.is_empty() {
            self.unreadable.push("an S3 record without an event name");
        } else if event_name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
            let object = &record["s3"]["object"];
            self.add_object_created(&record["s3"]["bucket"], object, &object["versionId"], ObjectKey::from_event);
        } else {
            self.ignored.push(Ignored::CreatesNothing);
        }
    }

    fn add_eventbridge(&mut self, detail: &Value) {
        let object = &detail["object"];
        self.add_object_created(&detail["bucket"], object, &object["version-id"], parse_plain_key);
    }

    fn add_object_created(
        &mut self,
        bucket: &Value,
        object: &Value,
        version: &Value,
        parse_key: fn(&str) -> Result<ObjectKey, ForeignKey>,
    ) {
        let (Some(bucket), Some(key)) = (bucket["name"].as_str(), object["key"].as_str()) else {
            self.unreadable.push("an S3 event without a bucket or a key");
            return;
        };
        let Ok(key) = parse_key(key) else {
            self.ignored.push(Ignored::ForeignKey);
            return;
        };
        self.events.push(ObjectEvent::Created(ObjectCreated {
            bucket: bucket.to_owned(),
            key,
            version: non_empty(version),
            sequencer: object["sequencer"].as_str().and_then(normalised_sequencer),
        }));
    }

    fn add_object_scanned(&mut self, detail: &Value) {
        let object = &detail["s3ObjectDetails"];
        let (Some(bucket), Some(key)) = (object["bucketName"].as_str(), object["objectKey"].as_str()) else {
            self.unreadable.push("a scan result without a bucket or a key");
            return;
        };
        let Ok(key) = parse_plain_key(key) else {
            self.ignored.push(Ignored::ForeignKey);
            return;
        };
        let status = detail["scanResultDetails"]["scanResultStatus"].as_str().unwrap_or("no result");
        self.events.push(ObjectEvent::Scanned(ObjectScanned {
            bucket: bucket.to_owned(),
            key,
            version: non_empty(&object["versionId"]),
            // UNSUPPORTED, ACCESS_DENIED, FAILED, and any status that GuardDuty may add.
            result: match status {
                "NO_THREATS_FOUND" => ScanResult::Clean,
                "THREATS_FOUND" => ScanResult::Threat,
                _ => ScanResult::Unscannable,
            },
            detail: scan_detail(status, &detail["scanResultDetails"]["threats"]),
        }));
    }
}

/// S3's own records encode keys. `EventBridge` does not, but AWS does not document that, so an encoded key is accepted
/// too. No [`ObjectKey`] contains a character that the encoding produces.
fn parse_plain_key(text: &str) -> Result<ObjectKey, ForeignKey> {
    ObjectKey::parse(text).or_else(|_| ObjectKey::from_event(text))
}

fn non_empty(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The scanner's status and threat names, cut to what a record may hold.
fn scan_detail(status: &str, threats: &Value) -> String {
    const MAX_DETAIL_CHARS: usize = 500;
    let names = threats.as_array().into_iter().flatten().filter_map(|threat| threat["name"].as_str());
    let all: Vec<&str> = std::iter::once(status).chain(names).collect();
    all.join(", ").chars().filter(|c| !c.is_control()).take(MAX_DETAIL_CHARS).collect()
}

/// The answer that has SQS deliver the `failed` messages again.
pub(crate) fn partial_batch(failed: impl Iterator<Item = String>) -> Value {
    let failures: Vec<Value> = failed.map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": failures })
}
