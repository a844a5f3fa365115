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

fn read(image: &Value) -> Result<Record, RecordsError> {
    let item: serde_dynamo::Item =
        serde_json::from_value(image.clone()).map_err(|e| RecordsError::Unreadable(e.to_string()))?;
    item::record(item)
}
