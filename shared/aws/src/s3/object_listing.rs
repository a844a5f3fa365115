//! Listings of the bucket on S3.

use jiff::Timestamp;

use super::{S3Objects, unavailable};
use policy::key::ObjectKey;
use policy::size::ByteSize;
use uploads_core::ports::object_listing::{ListedVersion, ObjectListing, VersionPage};
use uploads_core::ports::objects::ObjectsError;

impl ObjectListing for S3Objects {
    async fn list_versions(&self, prefix: &str, after: Option<(String, String)>) -> Result<VersionPage, ObjectsError> {
        let (key_marker, version_marker) = after.unzip();
        let page = self
            .client()
            .await
            .list_object_versions()
            .bucket(&self.bucket)
            .prefix(prefix)
            .set_key_marker(key_marker)
            .set_version_id_marker(version_marker.filter(|marker| !marker.is_empty()))
            .send()
            .await
            .map_err(|e| unavailable(&e))?;
        let versions = page.versions().iter().filter_map(|found| {
            Some(ListedVersion {
                key: ObjectKey::parse(found.key()?).ok()?,
                // A bucket that never had versions calls the only one "null".
                version: found.version_id().filter(|id| *id != "null").unwrap_or_default().to_owned(),
                size: ByteSize::from_bytes(found.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default()),
                stored_at: Timestamp::from_second(found.last_modified()?.secs()).ok()?,
            })
        });
        let versions = versions.collect();
        let next = (page.is_truncated() == Some(true)).then(|| {
            let version = page.next_version_id_marker.unwrap_or_default();
            page.next_key_marker.map(|key| (key, version))
        });
        match next {
            Some(None) => Err(ObjectsError("a page without its end".into())),
            Some(next) => Ok(VersionPage { versions, next }),
            None => Ok(VersionPage { versions, next: None }),
        }
    }
}
