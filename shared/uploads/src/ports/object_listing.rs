//! The port to listings of the bucket.

use jiff::Timestamp;

use super::objects::ObjectsError;
use policy::key::ObjectKey;
use policy::size::ByteSize;

/// A version in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// The object's key.
    pub key: ObjectKey,
    /// The version id; empty in an unversioned bucket.
    pub version: String,
    /// Its size in bytes.
    pub size: ByteSize,
    /// When it was stored.
    pub stored_at: Timestamp,
}

/// One page of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionPage {
    /// The versions in key order, without delete markers and keys of another layout.
    pub versions: Vec<ListedVersion>,
    /// The key and version id after which the next page begins, if there is one.
    pub next: Option<(String, String)>,
}

/// Listings of the bucket.
pub trait ObjectListing: Send + Sync {
    /// A page of all versions below `prefix`.
    fn list_versions(
        &self,
        prefix: &str,
        after: Option<(String, String)>,
    ) -> impl Future<Output = Result<VersionPage, ObjectsError>> + Send;
}
