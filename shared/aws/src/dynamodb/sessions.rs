//! Multipart sessions, in `DynamoDB`.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;

use super::item::{Item, due_shard, due_shard_of};
use super::session_item::{session, session_item, session_pk, unsized_count, unsized_pks};
use super::{DynamoRecords, number, unavailable};
use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::session::{CompletionRequest, Lease, Session};
use uploads_core::ports::records::RecordsError;
use uploads_core::ports::sessions::{OpenOutcome, SessionWrite, Sessions};

/// The session in `item`; `None` if the item is empty or belongs to another object key.
fn session_of(item: Option<Item>, key: &ObjectKey) -> Result<Option<Box<Session>>, RecordsError> {
    let found = item.filter(|item| !item.is_empty()).map(session).transpose()?;
    Ok(found.filter(|session| session.key == *key).map(Box::new))
}

impl Sessions for DynamoRecords {
    async fn session(&self, key: &ObjectKey) -> Result<Option<Session>, RecordsError> {
        let answer = self
            .client()
            .await
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(session_pk(key.id())))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| unavailable(&e))?;
        Ok(session_of(answer.item, key)?.map(|session| *session))
    }

    async fn open(&self, new: &Session) -> Result<OpenOutcome, RecordsError> {
        match self.put_unless(session_item(new)?, "attribute_not_exists(pk)", None).await? {
            None => Ok(OpenOutcome::Written),
            Some(existing) => Ok(OpenOutcome::AlreadyExists(Box::new(session(existing)?))),
        }
    }

    async fn change(&self, next: &Session) -> Result<SessionWrite, RecordsError> {
        let put = self
            .put(session_item(next)?, "revision = :before AND #key = :key")
            .await
            .expression_attribute_names("#key", "key")
            .expression_attribute_values(":key", AttributeValue::S(next.key.to_string()))
            .expression_attribute_values(":before", AttributeValue::N(next.revision.saturating_sub(1).to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(SessionWrite::Written(Box::new(next.clone()))),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(SessionWrite::refused(next, session_of(failed.item.clone(), &next.key)?))
                }
                _ => Err(unavailable(&error)),
            },
        }
    }

    async fn lease(
        &self,
        key: &ObjectKey,
        lease: &Lease,
        request: &CompletionRequest,
        now: Timestamp,
    ) -> Result<SessionWrite, RecordsError> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let until = lease.until.as_millisecond();
        let mut set = vec![
            "#state = :completing, leaseHolder = :holder, leaseUntil = :until, dueShard = :shard, due = :until"
                .to_owned(),
        ];
        let mut remove = Vec::new();
        let mut update = self.client().await.update_item().table_name(&self.table);
        for (name, value) in
            [("listed", request.listed.clone()), ("whole", request.checksum.as_ref().map(ToString::to_string))]
        {
            match value {
                Some(value) => {
                    set.push(format!("{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), AttributeValue::S(value));
                }
                None => remove.push(name),
            }
        }
        let remove = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
        let answer = update
            .key("pk", AttributeValue::S(session_pk(key.id())))
            .update_expression(format!("SET {}{remove} ADD revision :one", set.join(", ")))
            .condition_expression("#key = :key AND (#state = :open OR (#state = :completing AND leaseUntil <= :now))")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#key", "key")
            .expression_attribute_values(":key", AttributeValue::S(key.to_string()))
            .expression_attribute_values(":open", text("open"))
            .expression_attribute_values(":completing", text("completing"))
            .expression_attribute_values(":holder", text(&lease.holder))
            .expression_attribute_values(":until", number(until))
            .expression_attribute_values(":shard", AttributeValue::S(due_shard(due_shard_of(key.id()))))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match answer {
            Ok(answer) => match session_of(answer.attributes, key)? {
                Some(session) => Ok(SessionWrite::Written(session)),
                None => Err(RecordsError::Unreadable("a lease without a session".to_owned())),
            },
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(SessionWrite::lease_refused(lease, session_of(failed.item.clone(), key)?))
                }
                _ => Err(unavailable(&error)),
            },
        }
    }

    async fn count_unsized(&self, owner: &OwnerId, id: UploadId, most: u32) -> Result<bool, RecordsError> {
        let (pk, most) = unsized_count(owner, id, most);
        // Without the attribute, no session of the owner is open. A limit of 0 allows none.
        let first = if most == 0 { "" } else { "attribute_not_exists(#open) OR " };
        let add = self
            .open_sessions(pk, id)
            .await
            .update_expression("ADD #open :ids")
            .condition_expression(format!("{first}size(#open) < :most OR contains(#open, :id)"))
            .expression_attribute_values(":most", number(most.into()));
        took_effect(add).await
    }

    async fn discount_unsized(&self, owner: &OwnerId, id: UploadId) -> Result<(), RecordsError> {
        // The limit of the policy can have changed since the session was counted, so the session can be in either item. The
        // condition prevents that the update creates an item for a session that was never counted.
        for pk in unsized_pks(owner, id) {
            let update = self.open_sessions(pk, id).await.update_expression("DELETE #open :ids");
            if took_effect(update.condition_expression("contains(#open, :id)")).await? {
                break;
            }
        }
        Ok(())
    }
}

impl DynamoRecords {
    /// The start of an update of the item `pk`, which contains the ids of the open sessions of an owner.
    async fn open_sessions(&self, pk: String, id: UploadId) -> UpdateItemFluentBuilder {
        let update = self.client().await.update_item().table_name(&self.table);
        update
            .key("pk", AttributeValue::S(pk))
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":ids", AttributeValue::Ss(vec![id.to_string()]))
            .expression_attribute_values(":id", AttributeValue::S(id.to_string()))
    }
}

/// Whether an update's condition held.
async fn took_effect(update: UpdateItemFluentBuilder) -> Result<bool, RecordsError> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(unavailable(&error)),
        },
    }
}
