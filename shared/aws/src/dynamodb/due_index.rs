//! The index of due items, batch reads and the checkpoint, in `DynamoDB`.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use jiff::Timestamp;

use super::item::{DUE_SHARDS, Item, due_shard};
use super::session_item::{session, session_pk};
use super::upload_item;
use super::upload_item::{UPLOAD, upload_pk};
use super::{DynamoRecords, number, unavailable};
use policy::key::{ObjectKey, UploadId};
use policy::session::Session;
use policy::upload::Record;
use uploads_core::ports::due_index::{Checkpoint, Due, DueIndex};
use uploads_core::ports::records::RecordsError;

/// The most items that one call returns
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>, read 2026-11).
const BATCH: usize = 100;

/// How often unprocessed keys are requested again.
const MAX_ATTEMPTS: usize = 8;

/// The index that finds items by when they are due.
const DUE_INDEX: &str = "byDue";

/// The partition key of the one checkpoint.
const CHECKPOINT: &str = "reconcile";

impl DynamoRecords {
    /// The existing items of `pks`.
    async fn items(&self, pks: &BTreeSet<String>, consistent: bool) -> Result<Vec<Item>, RecordsError> {
        let mut found = Vec::new();
        let pks: Vec<&String> = pks.iter().collect();
        for batch in pks.chunks(BATCH) {
            let keys = batch.iter().map(|pk| Item::from([("pk".to_owned(), AttributeValue::S((*pk).clone()))]));
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(keys.collect()))
                .consistent_read(consistent)
                .build()
                .map_err(|e| RecordsError::Unavailable(e.into()))?;
            let mut left = Some(wanted);
            for _ in 0..MAX_ATTEMPTS {
                let Some(wanted) = left.take() else { break };
                let answer = self.client().await.batch_get_item().request_items(&self.table, wanted).send();
                let answer = answer.await.map_err(|e| unavailable(&e))?;
                found.extend(answer.responses.and_then(|mut tables| tables.remove(&self.table)).into_iter().flatten());
                left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.table));
            }
            if left.is_some() {
                return Err(RecordsError::Unavailable("it left items out again and again".into()));
            }
        }
        Ok(found)
    }
}

/// The due item of an index entry.
fn due(entry: &Item) -> Option<Due> {
    let text = |name: &str| entry.get(name).and_then(|value| value.as_s().ok());
    let key = ObjectKey::parse(text("key")?).ok()?;
    Some(if text("pk")?.starts_with(UPLOAD) { Due::Upload(key) } else { Due::Session(key) })
}

impl DueIndex for DynamoRecords {
    async fn due(&self, now: Timestamp, limit: u16) -> Result<Vec<Due>, RecordsError> {
        let mut found = Vec::new();
        for shard in 0..DUE_SHARDS {
            let wanted = usize::from(limit).saturating_sub(found.len());
            if wanted == 0 {
                break;
            }
            let page = self
                .client()
                .await
                .query()
                .table_name(&self.table)
                .index_name(DUE_INDEX)
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX))
                .key_condition_expression("dueShard = :shard AND due <= :now")
                .expression_attribute_values(":shard", AttributeValue::S(due_shard(shard)))
                .expression_attribute_values(":now", number(now.as_millisecond()))
                .send()
                .await
                .map_err(|e| unavailable(&e))?;
            for item in page.items() {
                // An item that another version wrote must not block all later ones.
                if let Some(due) = due(item) {
                    found.push(due);
                } else {
                    tracing::error!(pk = ?item.get("pk"), "something is due that nobody can read");
                }
            }
        }
        Ok(found)
    }

    async fn records_of(&self, ids: &BTreeSet<UploadId>) -> Result<BTreeMap<UploadId, Option<Record>>, RecordsError> {
        let pks: BTreeMap<String, UploadId> = ids.iter().map(|id| (upload_pk(*id), *id)).collect();
        let found = self.items(&pks.keys().cloned().collect(), false).await?;
        let id = |item: &Item| pks.get(item.get("pk")?.as_s().ok()?).copied();
        Ok(found.into_iter().filter_map(|item| Some((id(&item)?, upload_item::record(item).ok()))).collect())
    }

    async fn sessions_of(&self, keys: &[ObjectKey]) -> Result<Vec<Session>, RecordsError> {
        let pks = keys.iter().map(|key| session_pk(key.id())).collect();
        let found = self.items(&pks, true).await?;
        let found = found.into_iter().map(session).collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().filter(|session| keys.contains(&session.key)).collect())
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>, RecordsError> {
        let request = self.client().await.get_item().table_name(&self.table);
        let request = request.key("pk", AttributeValue::S(CHECKPOINT.to_owned())).consistent_read(true);
        let Some(item) = request.send().await.map_err(|e| unavailable(&e))?.item else { return Ok(None) };
        let revision = item.get("revision").and_then(|value| value.as_n().ok()).and_then(|text| text.parse().ok());
        let text = item.get("text").and_then(|value| value.as_s().ok());
        match (revision, text) {
            (Some(revision), Some(text)) => Ok(Some(Checkpoint { revision, text: text.clone() })),
            _ => Err(RecordsError::Unreadable("the reconciler's checkpoint".to_owned())),
        }
    }

    async fn save_checkpoint(&self, checkpoint: &Checkpoint) -> Result<bool, RecordsError> {
        let revision = |revision: u64| number(i64::try_from(revision).unwrap_or(i64::MAX));
        let put = self
            .client()
            .await
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(CHECKPOINT.to_owned()))
            .item("revision", revision(checkpoint.revision))
            .item("text", AttributeValue::S(checkpoint.text.clone()));
        let put = if checkpoint.revision <= 1 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("revision = :before")
                .expression_attribute_values(":before", revision(checkpoint.revision - 1))
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(unavailable(&error)),
            },
        }
    }
}
