//! The port to stored objects.

use content_sniff::ByteRange;
use policy::key::ObjectKey;
use policy::observed::ObservedObject;

/// Why the bucket could not answer. A 403 is one of these: it never means that an object is missing.
#[derive(Debug, thiserror::Error)]
#[error("the bucket is unavailable")]
pub struct ObjectsError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Single objects in the bucket.
pub trait Objects: Send + Sync {
    /// The HEAD of a version, or of the current one; `None` when it does not exist.
    fn head(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> impl Future<Output = Result<Option<ObservedObject>, ObjectsError>> + Send;

    /// A range of one version, shorter where the object ends; `None` when the version does not exist.
    fn read(
        &self,
        key: &ObjectKey,
        version: &str,
        range: ByteRange,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, ObjectsError>> + Send;

    /// Deletes exactly one version or delete marker; succeeds when it does not exist.
    fn delete_version(&self, key: &ObjectKey, version: &str) -> impl Future<Output = Result<(), ObjectsError>> + Send;

    /// Every version and delete marker of the key.
    fn versions(&self, key: &ObjectKey) -> impl Future<Output = Result<Vec<String>, ObjectsError>> + Send;
}
