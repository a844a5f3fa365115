//! Verdicts, pending verdicts and tombstones, in `DynamoDB`. Each write has a condition, so that a verdict is final.

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;

use super::{DynamoRecords, OWNER_INDEX, put_or_existing, unavailable, upload_item};
use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::upload::{Pending, Record, ValidatedUpload};
use uploads_core::ports::records::{Page, RecordsError, UploadRecords, WriteOutcome};

/// How many listing partitions are queried concurrently.
const MAX_CONCURRENCY: usize = 16;

impl UploadRecords for DynamoRecords {
    async fn get(&self, id: UploadId) -> Result<Option<Record>, RecordsError> {
        let answer = self
            .client()
            .await
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(upload_item::upload_pk(id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| unavailable(&e))?;
        answer.item.map(upload_item::record).transpose()
    }

    async fn put_verdict(&self, validated: &ValidatedUpload) -> Result<WriteOutcome, RecordsError> {
        write_outcome(self.put(upload_item::verdict_item(validated, self.shards)?, "attribute_not_exists(pk)").await)
            .await
    }

    async fn put_pending(&self, pending: &Pending) -> Result<WriteOutcome, RecordsError> {
        let item = upload_item::pending_item(pending)?;
        if !pending.is_worse_than_clean() {
            return write_outcome(self.put(item, "attribute_not_exists(pk)").await).await;
        }
        let clean = "#state = :scanned AND versionId = :version AND #scan.#result = :clean";
        let put = self
            .put(item, &format!("attribute_not_exists(pk) OR {clean}"))
            .await
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#scan", "scan")
            .expression_attribute_names("#result", "result")
            .expression_attribute_values(":scanned", AttributeValue::S("scanned".to_owned()))
            .expression_attribute_values(":version", AttributeValue::S(pending.version().to_owned()))
            .expression_attribute_values(":clean", AttributeValue::S("clean".to_owned()));
        write_outcome(put).await
    }

    async fn finalize(&self, validated: &ValidatedUpload) -> Result<WriteOutcome, RecordsError> {
        let condition = "#state IN (:scanning, :scanned) AND versionId = :version";
        let put = self
            .put(upload_item::verdict_item(validated, self.shards)?, condition)
            .await
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":scanning", AttributeValue::S("scanning".to_owned()))
            .expression_attribute_values(":scanned", AttributeValue::S("scanned".to_owned()))
            .expression_attribute_values(":version", AttributeValue::S(validated.version.clone()));
        write_outcome(put).await
    }

    async fn write_tombstone(&self, key: &ObjectKey, now: Timestamp) -> Result<(), RecordsError> {
        // Only tombstones have `deletedAt`.
        let item = upload_item::tombstone_item(key, now)?;
        self.put_unless(item, "attribute_not_exists(deletedAt)", None).await?;
        Ok(())
    }

    async fn mark_purged(&self, key: &ObjectKey, now: Timestamp) -> Result<(), RecordsError> {
        self.client()
            .await
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(upload_item::upload_pk(key.id())))
            .update_expression("SET #state = :deleted, purgedAt = :now REMOVE dueShard, due")
            .condition_expression("attribute_exists(deletedAt)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":deleted", AttributeValue::S("deleted".to_owned()))
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .send()
            .await
            .map_err(|e| unavailable(&e))?;
        Ok(())
    }

    async fn list(&self, owner: &OwnerId, before: Option<UploadId>, limit: u16) -> Result<Page, RecordsError> {
        let pages =
            futures_util::stream::iter(0..self.shards).map(|shard| self.list_shard(owner, shard, before, limit));
        let pages: Vec<Vec<Record>> = pages.buffer_unordered(MAX_CONCURRENCY).try_collect().await?;
        let mut items: Vec<Record> = pages.into_iter().flatten().collect();
        // Ids begin with their time, so newest first means largest first.
        items.sort_unstable_by_key(|record| std::cmp::Reverse(record.key().id()));
        let more = items.len() >= usize::from(limit);
        items.truncate(usize::from(limit));
        let next = items.last().filter(|_| more).map(|record| record.key().id());
        Ok(Page { items, next })
    }
}

impl DynamoRecords {
    /// The records of `owner` in one partition of the index, newest first.
    async fn list_shard(
        &self,
        owner: &OwnerId,
        shard: u16,
        before: Option<UploadId>,
        limit: u16,
    ) -> Result<Vec<Record>, RecordsError> {
        let mut records = Vec::new();
        let mut start = None;
        // A page of DynamoDB ends at 1 MB, possibly before `limit` items.
        loop {
            let wanted = i32::from(limit).saturating_sub(i32::try_from(records.len()).unwrap_or(i32::MAX));
            let mut query = self
                .client()
                .await
                .query()
                .table_name(&self.table)
                .index_name(OWNER_INDEX)
                .scan_index_forward(false)
                .limit(wanted)
                .set_exclusive_start_key(start)
                .expression_attribute_values(":owner", AttributeValue::S(upload_item::owner_shard(owner, shard)));
            query = match before {
                None => query.key_condition_expression("ownerShard = :owner"),
                Some(before) => query
                    .key_condition_expression("ownerShard = :owner AND id < :before")
                    .expression_attribute_values(":before", AttributeValue::S(before.to_string())),
            };
            let page = query.send().await.map_err(|e| unavailable(&e))?;
            for item in page.items.unwrap_or_default() {
                match upload_item::record(item) {
                    Ok(record) => records.push(record),
                    // An item that another version wrote must not hide all others.
                    Err(error) => tracing::error!(%error, "left out of a listing"),
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() || records.len() >= usize::from(limit) {
                return Ok(records);
            }
        }
    }
}

/// The outcome of writing a verdict or a pending verdict.
async fn write_outcome(put: PutItemFluentBuilder) -> Result<WriteOutcome, RecordsError> {
    match put_or_existing(put).await? {
        None => Ok(WriteOutcome::Written),
        Some(existing) => Ok(WriteOutcome::AlreadyExists(upload_item::record(existing)?)),
    }
}
