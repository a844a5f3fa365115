//! What the table's stream tells of one item. Pure: no call is made here.

use serde_json::Value;

use super::{RecordsError, item};
use crate::upload::Record;

/// How an upload's record changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The record before, where there was one that can be read.
    pub old: Option<Record>,
    /// The record now.
    pub new: Record,
}

/// Reads one record of a stream; `None` for items of other kinds, and for items that went.
///
/// # Errors
/// [`RecordsError::Unreadable`] for an upload's item that this version can't read.
pub fn change(record: &Value) -> Result<Option<Change>, RecordsError> {
    let images = &record["dynamodb"];
    let new = &images["NewImage"];
    if !new["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with(item::UPLOAD)) {
        return Ok(None);
    }
    // An unreadable past makes an announcement too many at worst, and that has the same id as the first.
    Ok(Some(Change { old: read(&images["OldImage"]).ok(), new: read(new)? }))
}

/// The stream's record of a change, for tests that have no stream.
///
/// # Panics
/// For a record that no item can hold; there is none.
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn record(change: &Change, number: usize) -> Value {
    let image = |record: &Record| -> Value {
        let item: serde_dynamo::Item = item::of(record).expect("an item").into();
        serde_json::to_value(item).expect("JSON")
    };
    let (old, new) = (change.old.as_ref().map(image), image(&change.new));
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
    item::record(item)
}
