//! Removes a rejected or later version.

use policy::key::ObjectKey;
use policy::upload::VersionDisposition;
use uploads_core::ports::objects::{Objects, ObjectsError};

/// Deletes the version if `disposition` says so. Deleting it again is no error.
pub(crate) async fn settle(
    objects: &impl Objects,
    key: &ObjectKey,
    version: &str,
    disposition: VersionDisposition,
) -> Result<(), ObjectsError> {
    let upload = key.id();
    match disposition {
        VersionDisposition::Keep => {}
        VersionDisposition::Delete => {
            objects.delete_version(key, version).await?;
            tracing::info!(%upload, "removed a version that may not stay");
        }
        VersionDisposition::Foreign => {
            tracing::warn!(%upload, "kept a version without a grant that was written over an upload");
        }
    }
    Ok(())
}
