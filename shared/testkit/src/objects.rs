//! A versioned bucket, in memory.

mod multipart;
mod object_listing;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use content_sniff::ByteRange;
use policy::Grant;
use policy::grant::{GENERATION_NAME, InvalidGrant, METADATA_NAME};
use policy::key::ObjectKey;
use policy::observed::ObservedObject;
use policy::parts::ETag;
use policy::size::ByteSize;
use uploads_core::ports::objects::{Objects, ObjectsError};

pub use multipart::crc64nvme;

/// An object as a client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The body.
    pub bytes: Vec<u8>,
    /// Its declared type.
    pub content_type: String,
    /// User metadata, names without their prefix.
    pub metadata: BTreeMap<String, String>,
    /// Checksums that the store computed or verified, `algorithm:base64`.
    pub checksums: Vec<String>,
    /// The `ETag`.
    pub etag: Option<ETag>,
    /// The size of an object without its bytes; otherwise at most their number.
    pub hollow: u64,
}

impl Upload {
    /// An object that matches `grant`.
    #[must_use]
    pub fn granted(grant: &Grant, bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            content_type: grant.content_type.to_string(),
            metadata: BTreeMap::from([(METADATA_NAME.to_owned(), grant.encode().expect("a grant that fits"))]),
            checksums: grant.checksum.iter().map(ToString::to_string).collect(),
            etag: None,
            hollow: 0,
        }
    }

    /// An object that was written without a grant.
    #[must_use]
    pub fn foreign(bytes: &[u8]) -> Self {
        let content_type = "application/octet-stream".to_owned();
        let (metadata, checksums) = (BTreeMap::new(), Vec::new());
        Self { bytes: bytes.to_vec(), content_type, metadata, checksums, etag: None, hollow: 0 }
    }

    fn observed(&self, version: &str) -> ObservedObject {
        let stray = self.metadata.keys().any(|name| name != METADATA_NAME && name != GENERATION_NAME);
        ObservedObject {
            version: version.to_owned(),
            size: ByteSize::from_bytes(self.hollow.max(self.bytes.len() as u64)),
            etag: self.etag.clone(),
            generation: self.metadata.get(GENERATION_NAME).and_then(|text| text.parse().ok()),
            content_type: Some(self.content_type.clone()),
            grant: self.metadata.get(METADATA_NAME).map_or(Err(InvalidGrant), |value| Grant::decode(value)),
            checksums: self.checksums.clone(),
            unexpected_metadata: stray.then(|| "metadata of its own".to_owned()).into_iter().collect(),
        }
    }
}

/// A bucket with versioning. [`contract::objects`](super::contract::objects) checks it like the real one.
#[derive(Debug, Default)]
pub struct MemoryObjects(Mutex<Bucket>);

#[derive(Debug, Default)]
struct Bucket {
    written: u64,
    arrivals: Vec<(ObjectKey, String)>,
    keys: HashMap<ObjectKey, Vec<Version>>,
    /// The keys in the order of a listing.
    texts: BTreeMap<String, ObjectKey>,
    pending: BTreeMap<String, multipart::Pending>,
    /// The minimum size of all parts but the last, if it differs from S3's.
    part_min: Option<ByteSize>,
}

impl Bucket {
    fn store(&mut self, key: &ObjectKey, version: Version) {
        if version.upload.is_some() {
            self.arrivals.push((key.clone(), version.id.clone()));
        }
        self.keys.entry(key.clone()).or_default().push(version);
        self.texts.insert(key.to_string(), key.clone());
    }
}

/// `upload` is `None` in a delete marker.
#[derive(Debug, Clone)]
struct Version {
    id: String,
    upload: Option<Upload>,
}

impl MemoryObjects {
    /// A store with a minimum part size of `part_min` bytes.
    #[must_use]
    pub fn taking_parts_from(part_min: ByteSize) -> Self {
        Self(Mutex::new(Bucket { part_min: Some(part_min), ..Bucket::default() }))
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, key: &ObjectKey, upload: Option<Upload>) -> String {
        let mut bucket = self.bucket();
        bucket.written += 1;
        let id = format!("version-{}", bucket.written);
        bucket.store(key, Version { id: id.clone(), upload });
        id
    }

    /// Stores an object as a new version and returns the version id.
    pub fn put(&self, key: &ObjectKey, upload: Upload) -> String {
        self.write(key, Some(upload))
    }

    /// Stores `bytes` with the metadata of `grant`.
    pub fn put_granted(&self, key: &ObjectKey, grant: &Grant, bytes: &[u8]) -> String {
        self.put(key, Upload::granted(grant, bytes))
    }

    /// Deletes without a version id, as consoles do: adds a delete marker.
    pub fn hide(&self, key: &ObjectKey) -> String {
        self.write(key, None)
    }

    /// Deletes a version at once.
    pub fn remove(&self, key: &ObjectKey, version: &str) {
        if let Some(versions) = self.bucket().keys.get_mut(key) {
            versions.retain(|found| found.id != version);
        }
    }

    /// The versions and markers of a key, oldest first.
    #[must_use]
    pub fn kept(&self, key: &ObjectKey) -> Vec<String> {
        self.bucket().keys.get(key).into_iter().flatten().map(|version| version.id.clone()).collect()
    }

    /// Every version that was ever stored, oldest first, from the `n`-th on, for events.
    #[must_use]
    pub fn arrivals_from(&self, n: usize) -> Vec<(ObjectKey, String)> {
        self.bucket().arrivals.iter().skip(n).cloned().collect()
    }

    /// Whether the bucket holds no version.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bucket().keys.values().all(Vec::is_empty)
    }

    fn find(&self, key: &ObjectKey, version: Option<&str>) -> Option<(String, Upload)> {
        let bucket = self.bucket();
        let versions = bucket.keys.get(key)?;
        let found = match version {
            None => versions.last(),
            Some(version) => versions.iter().find(|found| found.id == version),
        }?;
        Some((found.id.clone(), found.upload.clone()?))
    }
}

impl Objects for MemoryObjects {
    async fn head(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<ObservedObject>, ObjectsError> {
        Ok(self.find(key, version).map(|(id, upload)| upload.observed(&id)))
    }

    async fn read(&self, key: &ObjectKey, version: &str, range: ByteRange) -> Result<Option<Vec<u8>>, ObjectsError> {
        let Some((_, upload)) = self.find(key, Some(version)) else { return Ok(None) };
        let (start, len) = (usize::try_from(range.start), usize::try_from(range.len));
        let (start, len) = (start.unwrap_or(usize::MAX), len.unwrap_or(usize::MAX));
        Ok(Some(upload.bytes.into_iter().skip(start).take(len).collect()))
    }

    async fn delete_version(&self, key: &ObjectKey, version: &str) -> Result<(), ObjectsError> {
        self.remove(key, version);
        Ok(())
    }

    async fn versions(&self, key: &ObjectKey) -> Result<Vec<String>, ObjectsError> {
        let mut versions = self.kept(key);
        // S3 lists the newest first.
        versions.reverse();
        Ok(versions)
    }
}
