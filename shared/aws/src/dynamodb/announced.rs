//! Announcements that the stream may have lost, in `DynamoDB`.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

use super::item::Item;
use super::upload_item::{UPLOAD, upload_pk};
use super::{DynamoRecords, unavailable};
use policy::key::UploadId;
use uploads_core::ports::announced::{AnnouncedPage, AnnouncedRecords};
use uploads_core::ports::records::RecordsError;

/// A pending verdict has a `judgedAt` too, and is not announced.
const FILTER: &str = "begins_with(pk, :upload) AND NOT #state IN (:scanning, :scanned) \
    AND (judgedAt BETWEEN :from AND :until OR deletedAt BETWEEN :from AND :until)";

/// The second of a time. Written times may have fractions, which sort before the `Z`.
fn second(time: Timestamp) -> AttributeValue {
    AttributeValue::S(time.to_string().get(..19).unwrap_or_default().to_owned())
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

impl AnnouncedRecords for DynamoRecords {
    async fn announced_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        start: Option<&str>,
    ) -> Result<AnnouncedPage, RecordsError> {
        let after = until.saturating_add(SignedDuration::from_secs(1)).unwrap_or(until);
        let scan = self
            .client()
            .await
            .scan()
            .table_name(&self.table)
            .filter_expression(FILTER)
            .projection_expression("pk")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":upload", text(UPLOAD))
            .expression_attribute_values(":scanning", text("scanning"))
            .expression_attribute_values(":scanned", text("scanned"))
            .expression_attribute_values(":from", second(from))
            .expression_attribute_values(":until", second(after))
            .set_exclusive_start_key(start.map(|pk| Item::from([("pk".to_owned(), text(pk))])));
        let page = scan.send().await.map_err(|e| unavailable(&e))?;
        let pk = |item: &Item| item.get("pk").and_then(|pk| pk.as_s().ok()).cloned();
        let id = |item: &Item| UploadId::parse(pk(item)?.strip_prefix(UPLOAD)?).ok();
        let ids = page.items.unwrap_or_default().iter().filter_map(id).collect();
        Ok(AnnouncedPage { ids, next: page.last_evaluated_key.as_ref().and_then(pk) })
    }

    async fn announce_again(&self, id: UploadId, now: Timestamp) -> Result<(), RecordsError> {
        let update = self
            .client()
            .await
            .update_item()
            .table_name(&self.table)
            .key("pk", text(&upload_pk(id)))
            .update_expression("SET announceAgain = :now")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", text(&now.to_string()));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable(&error)),
        }
    }
}
