//! What a deletion has left to do once its tombstone stands. Killed anywhere, whoever comes next finishes it.

use crate::key::ObjectKey;
use crate::multipart::{Multipart, SessionProblem};
use crate::objects::Objects;
use crate::objects::multipart::MultipartUploads;
use crate::records::UploadRecords;
use crate::records::sessions::Sessions;

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
    for version in multipart.store.versions(key).await? {
        multipart.store.delete_version(key, &version).await?;
    }
    multipart.forget(key).await?;
    multipart.sessions.buried(key, (multipart.now)()).await?;
    tracing::info!(upload = %key.id(), "deleted");
    Ok(())
}
