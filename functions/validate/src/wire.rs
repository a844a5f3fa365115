//! Events as AWS sends them, versions 2.0 to 2.x, read leniently: what isn't needed isn't looked at.

use serde_json::{Value, json};
use shared::key::ObjectKey;
use shared::upload::normalised_sequencer;

/// What arrived.
pub(crate) enum Event {
    /// A batch of queue messages.
    Queue(Vec<Message>),
    /// Records of S3.
    Direct(Vec<Created>),
    /// What S3 sends once when a destination is configured.
    Test,
    /// Something else, and why it isn't one of the above.
    Unknown(&'static str),
}

/// One queue message.
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: Value,
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
        if event["Event"] == "s3:TestEvent" {
            return Self::Test;
        }
        let Some(records) = event["Records"].as_array() else { return Self::Unknown("it has no Records") };
        if records.iter().any(|record| record["eventSource"] == "aws:sqs") {
            return Self::Queue(records.iter().map(Message::read).collect());
        }
        if records.iter().all(|record| record["eventSource"] == "aws:s3") {
            return Self::Direct(records.iter().filter_map(Created::read).collect());
        }
        Self::Unknown("its records are neither of SQS nor of S3")
    }
}

impl Message {
    fn read(record: &Value) -> Self {
        let text = |name: &str| record[name].as_str().unwrap_or_default();
        // A body that isn't JSON becomes null, which is no event: it goes the way of all unknown ones.
        Self { id: text("messageId").to_owned(), body: serde_json::from_str(text("body")).unwrap_or_default() }
    }
}

impl Created {
    /// `None` for what concerns us not: other events, and keys of another layout.
    fn read(record: &Value) -> Option<Self> {
        let name = record["eventName"].as_str().unwrap_or_default();
        if !name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
            tracing::info!(event = name, "ignored an event that creates nothing");
            return None;
        }
        let object = &record["s3"]["object"];
        let Ok(key) = ObjectKey::from_event(object["key"].as_str().unwrap_or_default()) else {
            tracing::info!("ignored a key of another layout");
            return None;
        };
        let text = |name: &str| object[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Self {
            bucket: record["s3"]["bucket"]["name"].as_str().unwrap_or_default().to_owned(),
            key,
            version: text("versionId"),
            sequencer: text("sequencer").and_then(|sequencer| normalised_sequencer(&sequencer)),
        })
    }
}

/// What tells SQS which messages to deliver again.
pub(crate) fn partial_batch(failed: impl Iterator<Item = String>) -> Value {
    let failures: Vec<Value> = failed.map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": failures })
}
