//! What is left to do once a tombstone is written. Every step may be repeated: after a kill, the next call finishes it.

use crate::multipart::{Multipart, SessionProblem};
use crate::ports::multipart_uploads::MultipartUploads;
use crate::ports::objects::Objects;
use crate::ports::records::UploadRecords;
use crate::ports::sessions::Sessions;
use policy::key::ObjectKey;

/// Aborts the multipart upload if `in_parts` says that there may be one. Then deletes every version and all that the user
/// typed, and marks the upload as purged.
///
/// # Errors
/// When table or bucket do not answer. The same call then finishes it.
pub async fn finish<S: Sessions + UploadRecords, M: MultipartUploads + Objects>(
    multipart: &Multipart<'_, S, M>,
    key: &ObjectKey,
    in_parts: bool,
) -> Result<(), SessionProblem> {
    if in_parts {
        match multipart.abort(key).await {
            // One that is being completed arrives after the tombstone, and its version is then deleted.
            Ok(_) | Err(SessionProblem::NotFound) => {}
            Err(problem) => return Err(problem),
        }
    }
    for version in multipart.objects.versions(key).await? {
        multipart.objects.delete_version(key, &version).await?;
    }
    multipart.redact(key).await?;
    multipart.records.mark_purged(key, (multipart.now)()).await?;
    tracing::info!(upload = %key.id(), "deleted");
    Ok(())
}
