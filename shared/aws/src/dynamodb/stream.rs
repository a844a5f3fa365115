//! Records of the table's stream. Pure: makes no call.

use serde_json::Value;

use super::upload_item;
use policy::upload::Record;
use uploads_core::ports::records::{RecordChange, RecordsError};

/// Reads one record of the stream; `None` for items of other kinds and for deleted items.
///
/// # Errors
/// [`RecordsError::Unreadable`] for an upload's item that this version can't read.
pub fn change(record: &Value) -> Result<Option<RecordChange>, RecordsError> {
    let images = &record["dynamodb"];
    let new = &images["NewImage"];
    if !new["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with(upload_item::UPLOAD)) {
        return Ok(None);
    }
    let deleted_at = new["deletedAt"]["S"].as_str().and_then(|time| time.parse().ok());
    let again = &new["announceAgain"];
    let is_repeated = !again.is_null() && *again != images["OldImage"]["announceAgain"];
    // Without a readable old image an event may be sent twice, with the same id.
    let old = if is_repeated { None } else { read(&images["OldImage"]).ok() };
    Ok(Some(RecordChange { old, new: read(new)?, deleted_at }))
}

/// Builds the stream's record of a change, for tests.
///
/// # Panics
/// When the record can't be serialised.
#[cfg(any(test, feature = "fixtures"))]
#[must_use]
pub fn record(change: &RecordChange, number: usize) -> Value {
    let image = |record: &Record| -> Value {
        let item: serde_dynamo::Item = upload_item::of(record).expect("an item").into();
        serde_json::to_value(item).expect("JSON")
    };
    let (old, mut new) = (change.old.as_ref().map(image), image(&change.new));
    if let Some(deleted_at) = change.deleted_at {
        new["deletedAt"] = serde_json::json!({ "S": deleted_at.to_string() });
    }
    let keys = serde_json::json!({ "pk": new["pk"] });
    serde_json::json!({
        "eventName": if old.is_some() { "MODIFY" } else { "INSERT" },
        "eventSource": "aws:dynamodb",
        "dynamodb": { "Keys": keys, "OldImage": old, "NewImage": new, "SequenceNumber": number.to_string() },
    })
}

fn read(image: &Value) -> Result<Record, RecordsError> {
    let item: serde_dynamo::Item =
        serde_json::from_value(image.clone()).map_err(|e| RecordsError::Unreadable(e.to_string()))?;
    upload_item::record(item)
}
