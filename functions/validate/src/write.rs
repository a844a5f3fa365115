//! Writes verdicts, pending verdicts and tombstones, each on a condition. A repeated write has no further effect.

use jiff::Timestamp;
use policy::key::ObjectKey;
use policy::upload::{Pending, Record, ValidatedUpload};
use uploads_core::ports::records::{RecordsError, UploadRecords, WriteOutcome};

use crate::decide::{Decision, DeletedVersion, complete};

/// Writes `decision`, or the verdict that it completes. Returns the record that the upload has afterwards.
pub(crate) async fn write(records: &impl UploadRecords, decision: Decision) -> Result<Record, RecordsError> {
    let outcome = match &decision {
        Decision::Verdict(validated) => records.put_verdict(validated).await?,
        Decision::Pending(pending) => records.put_pending(pending).await?,
    };
    match (outcome, decision) {
        (WriteOutcome::Written, Decision::Verdict(validated)) => Ok(written(*validated)),
        (WriteOutcome::Written, Decision::Pending(pending)) => {
            let upload = pending.key().id();
            match &pending {
                Pending::Content(_) => tracing::info!(%upload, "content is acceptable, waiting for the scan"),
                Pending::Scan(scanned) => {
                    tracing::info!(%upload, result = ?scanned.result, "scanned, waiting for the content");
                }
            }
            Ok(Record::Pending(pending))
        }
        (WriteOutcome::AlreadyExists(Record::Pending(stored)), decision) => match complete(decision, &stored) {
            Some(validated) => finalize(records, validated).await,
            None => Ok(Record::Pending(stored)),
        },
        (WriteOutcome::AlreadyExists(record), _) => Ok(record),
    }
}

/// Ends a pending verdict whose version was deleted.
pub(crate) async fn end_pending(
    records: &impl UploadRecords,
    key: &ObjectKey,
    deleted: DeletedVersion,
    now: Timestamp,
) -> Result<(), RecordsError> {
    match deleted {
        DeletedVersion::Reject(validated) => {
            finalize(records, *validated).await?;
        }
        DeletedVersion::Delete => {
            records.write_tombstone(key, now).await?;
            tracing::warn!(upload = %key.id(), "the version was deleted before its verdict: wrote a tombstone");
        }
    }
    Ok(())
}

/// Replaces a pending verdict of the same version.
async fn finalize(records: &impl UploadRecords, validated: ValidatedUpload) -> Result<Record, RecordsError> {
    match records.finalize(&validated).await? {
        WriteOutcome::Written => Ok(written(validated)),
        WriteOutcome::AlreadyExists(record) => Ok(record),
    }
}

/// Logs a verdict after it was written.
fn written(validated: ValidatedUpload) -> Record {
    let codes: Vec<&str> = validated.reasons.iter().map(|note| note.code.as_str()).collect();
    let (size_bytes, reasons) = (validated.size.bytes(), codes.join(","));
    tracing::info!(upload = %validated.key.id(), size_bytes, outcome = ?validated.outcome, reasons, "validated");
    Record::Validated(Box::new(validated))
}
