//! What the items of uploads and of sessions share.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use policy::key::UploadId;

/// An item as the SDK takes it: attribute names and values.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The schema version written into every item.
pub(super) const SCHEMA: u8 = 1;

/// How many partitions the index of due sessions is spread over. Each takes 1,000 changes a second
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>, read 2026-11), and
/// a run of the reconciler queries each of them once: 64,000 changes a second for 64 small queries a run.
pub(super) const DUE_SHARDS: u16 = 64;

/// A partition of the index of due sessions.
pub(super) fn due_shard(shard: u16) -> String {
    format!("due#{shard:02x}")
}

/// The partition of the index for an id. Its last byte is random, so partitions fill evenly.
pub(super) fn due_shard_of(id: UploadId) -> u16 {
    u16::from(id.last_byte()) % DUE_SHARDS
}
