//! One message of an SQS batch.

use policy::webhook::Delivery;
use serde_json::Value;

/// A delivery, and what SQS knows of its message.
pub(crate) struct Message {
    /// The message's id, for the response.
    pub(crate) id: String,
    /// Names this receive of the message.
    pub(crate) receipt: String,
    /// How often the message was received, this time included.
    pub(crate) attempt: u16,
    pub(crate) delivery: Delivery,
}

impl Message {
    /// Reads a record of the batch. The error is the message's id.
    pub(crate) fn read(record: &Value) -> Result<Self, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let id = text(&record["messageId"]);
        let delivery = record["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
        let attempt = record["attributes"]["ApproximateReceiveCount"].as_str().and_then(|count| count.parse().ok());
        match delivery {
            Some(delivery) => {
                Ok(Self { id, receipt: text(&record["receiptHandle"]), attempt: attempt.unwrap_or(1), delivery })
            }
            None => Err(id),
        }
    }
}
