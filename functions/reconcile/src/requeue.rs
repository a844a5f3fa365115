//! Sends versions to the validator again, to validate or to remove them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use policy::Policy;
use policy::key::ObjectKey;
use policy::upload::{Record, VersionDisposition, disposition};
use serde_json::{Value, json};
use uploads_core::multipart::BackendError;
use uploads_core::ports::queue::{Queue, QueueError};

use crate::deps::{Bucket, Deps, Table};

impl<R, O, Q: Queue> Deps<R, O, Q> {
    /// Sends the validator the event of a version again.
    pub(crate) async fn requeue(&self, key: &ObjectKey, version: &str) -> Result<(), QueueError> {
        let event = event(&self.config.storage.bucket, key, version, (self.env.now)());
        self.events.send(&event.to_string()).await?;
        tracing::warn!(upload = %key.id(), "sent a version to the validator again");
        Ok(())
    }
}

impl<R: Table, O: Bucket, Q> Deps<R, O, Q> {
    /// Whether the bucket still has the version, and the validator must validate or remove it.
    pub(crate) async fn is_unvalidated(&self, key: &ObjectKey, version: &str) -> Result<bool, BackendError> {
        let records = self.records.records_of(&BTreeSet::from([key.id()])).await?;
        if !needs_validator(records.get(&key.id()), version, &self.config.storage.policy) {
            return Ok(false);
        }
        let page = self.objects.list_versions(&key.to_string(), None).await?;
        // The first page is enough: if there is a second one, the version may be on it.
        Ok(page.next.is_some() || page.versions.iter().any(|found| found.key == *key && found.version == version))
    }
}

/// Whether the validator must validate or remove a version. `record` is the record of the upload, if there is one;
/// `Some(None)` for one that this version of Sluice can't read.
pub(crate) fn needs_validator(record: Option<&Option<Record>>, version: &str, policy: &Policy) -> bool {
    match record {
        None => true,
        Some(Some(record)) => must_be_deleted(record, version, policy),
        Some(None) => false,
    }
}

/// Whether the validator would delete the version because of the upload's record: another version has the verdict, the
/// upload was rejected, or it was deleted. The validator itself checks who wrote the version.
fn must_be_deleted(record: &Record, version: &str, policy: &Policy) -> bool {
    let keep_rejected = match record {
        Record::Validated(validated) => {
            validated.granted.as_ref().is_some_and(|granted| policy.keeps_rejected(&granted.class))
        }
        Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => false,
    };
    disposition(record, version, true, keep_rejected) == VersionDisposition::Delete
}

/// The event that S3 sends for a version, with the fields that the validator reads.
fn event(bucket: &str, key: &ObjectKey, version: &str, now: Timestamp) -> Value {
    let mut object = json!({ "key": key.to_string() });
    if !version.is_empty() {
        object["versionId"] = json!(version);
    }
    json!({ "Records": [{
        "eventVersion": "2.6", "eventSource": "aws:s3", "eventName": "ObjectCreated:Reconciled",
        "eventTime": now.to_string(), "s3": { "bucket": { "name": bucket }, "object": object }
    }] })
}
