//! What a deletion has left to do once its tombstone stands. Killed anywhere, whoever comes next finishes it.

use crate::multipart::{Multipart, SessionProblem};
use crate::ports::multipart_uploads::MultipartUploads;
use crate::ports::objects::Objects;
use crate::ports::records::UploadRecords;
use crate::ports::sessions::Sessions;
use policy::key::ObjectKey;

/// Gives up what is still on its way where `in_parts` says that there may be something, removes every version and all that
/// the user typed, and notes that all is done.
///
/// # Errors
/// A fault that may pass; then asking again finishes it.
pub async fn finish<S: Sessions + UploadRecords, M: MultipartUploads + Objects>(
    multipart: &Multipart<'_, S, M>,
    key: &ObjectKey,
    in_parts: bool,
) -> Result<(), SessionProblem> {
    if in_parts {
        match multipart.abort(key).await {
            // One that is being completed arrives under the tombstone, and goes.
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
