//! The port to what lies in the bucket, without knowing what to look for.

use jiff::Timestamp;

use super::objects::ObjectsError;
use policy::key::ObjectKey;
use policy::size::ByteSize;

/// A version as a listing has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// Where it lies.
    pub key: ObjectKey,
    /// Which version; empty in an unversioned bucket.
    pub version: String,
    /// Its size.
    pub size: ByteSize,
    /// When it was stored.
    pub stored_at: Timestamp,
}

/// One page of what lies in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionPage {
    /// The versions, by key. Markers and keys of another layout are left out.
    pub versions: Vec<ListedVersion>,
    /// After which key and version the next page begins, if there is one.
    pub next: Option<(String, String)>,
}

/// The bucket, as far as reconciling needs it beyond single objects.
pub trait ObjectListing: Send + Sync {
    /// A page of all versions below `prefix`.
    fn list_versions(
        &self,
        prefix: &str,
        after: Option<(String, String)>,
    ) -> impl Future<Output = Result<VersionPage, ObjectsError>> + Send;
}
