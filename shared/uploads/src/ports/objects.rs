//! The bucket: the port to what was stored.

use content_sniff::ByteRange;
use policy::key::ObjectKey;
use policy::observed::ObservedObject;

/// Why the bucket could not answer. A refusal (403) is one of these: it never means that an object is gone.
#[derive(Debug, thiserror::Error)]
#[error("the bucket is unavailable")]
pub struct ObjectsError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The bucket, as far as single uploads need it.
pub trait Objects: Send + Sync {
    /// What the store says of a version, or of the current one; `None` when it is not there.
    fn head(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> impl Future<Output = Result<Option<ObservedObject>, ObjectsError>> + Send;

    /// A stretch of one version, or what there is of it; `None` when the version is not there.
    fn read(
        &self,
        key: &ObjectKey,
        version: &str,
        range: ByteRange,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, ObjectsError>> + Send;

    /// Removes exactly one version, or a delete marker; fine when it is gone already.
    fn delete_version(&self, key: &ObjectKey, version: &str) -> impl Future<Output = Result<(), ObjectsError>> + Send;

    /// Every version and delete marker of the key.
    fn versions(&self, key: &ObjectKey) -> impl Future<Output = Result<Vec<String>, ObjectsError>> + Send;
}
