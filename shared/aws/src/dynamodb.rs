//! The table on `DynamoDB`: what all its items share, and idempotency keys.

mod announced;
mod due_index;
mod item;
mod session_item;
mod sessions;
pub mod stream;
mod upload_item;
mod upload_records;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;

use crate::clients::{Clients, describe};
use item::Item;
use policy::key::{OwnerId, UploadId};
use uploads_core::ports::records::{IdempotencyOutcome, IdempotencyStore, RecordsError};

/// The index that lists an owner's uploads.
pub const OWNER_INDEX: &str = "byOwner";

/// How long an idempotency key is kept, in seconds.
const IDEMPOTENCY_RETENTION: i64 = 24 * 3600;

/// The table.
pub struct DynamoRecords {
    clients: Clients,
    table: String,
    shards: u16,
}

impl DynamoRecords {
    /// The table called `table`.
    #[must_use]
    pub fn new(clients: Clients, table: &str) -> Self {
        Self { clients, table: table.to_owned(), shards: 1 }
    }

    /// Spreads the listing of each owner over `shards` partitions of the index. Every function that writes verdicts or
    /// lists must use the same number.
    #[must_use]
    pub fn with_owner_shards(self, shards: u16) -> Self {
        Self { shards: shards.max(1), ..self }
    }

    async fn client(&self) -> &Client {
        self.clients.dynamodb().await
    }

    /// A conditional put.
    async fn put(&self, item: Item, condition: &str) -> PutItemFluentBuilder {
        let put = self.client().await.put_item().table_name(&self.table);
        put.set_item(Some(item)).condition_expression(condition)
    }

    /// A conditional put that returns the existing item when its condition fails.
    async fn put_unless(
        &self,
        item: Item,
        condition: &str,
        now: Option<Timestamp>,
    ) -> Result<Option<Item>, RecordsError> {
        let mut put = self.put(item, condition).await;
        if let Some(now) = now {
            put = put.expression_attribute_values(":now", number(now.as_second()));
        }
        put_or_existing(put).await
    }
}

impl IdempotencyStore for DynamoRecords {
    async fn reserve(
        &self,
        owner: &OwnerId,
        key: &str,
        body: &str,
        id: UploadId,
        now: Timestamp,
    ) -> Result<IdempotencyOutcome, RecordsError> {
        let expires = now.as_second().saturating_add(IDEMPOTENCY_RETENTION);
        let item = Item::from([
            ("pk".to_owned(), AttributeValue::S(upload_item::idempotency_pk(owner, key))),
            ("uploadId".to_owned(), AttributeValue::S(id.to_string())),
            ("bodyHash".to_owned(), AttributeValue::S(body.to_owned())),
            ("expiresAt".to_owned(), number(expires)),
        ]);
        // TTL may delete days late: an expired item must not block.
        let condition = "attribute_not_exists(pk) OR expiresAt <= :now";
        let Some(existing) = self.put_unless(item, condition, Some(now)).await? else {
            return Ok(IdempotencyOutcome::New);
        };
        let text = |name: &str| existing.get(name).and_then(|value| value.as_s().ok());
        let unreadable = || RecordsError::Unreadable("an idempotency item".to_owned());
        let id = text("uploadId").and_then(|id| UploadId::parse(id).ok()).ok_or_else(unreadable)?;
        Ok(if text("bodyHash").is_some_and(|hash| hash == body) {
            IdempotencyOutcome::SameRequest(id)
        } else {
            IdempotencyOutcome::DifferentRequest
        })
    }
}

/// A conditional put that returns the existing item when its condition fails.
async fn put_or_existing(put: PutItemFluentBuilder) -> Result<Option<Item>, RecordsError> {
    match put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).send().await {
        Ok(_) => Ok(None),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Some(failed.item.clone().unwrap_or_default()))
            }
            _ => Err(unavailable(&error)),
        },
    }
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> RecordsError {
    RecordsError::Unavailable(describe(error).into())
}
