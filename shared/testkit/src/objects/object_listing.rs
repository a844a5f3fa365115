//! Listings of the bucket, in memory. An object's date is that of its id.

use super::MemoryObjects;
use policy::size::ByteSize;
use uploads_core::ports::object_listing::{ListedVersion, ObjectListing, VersionPage};
use uploads_core::ports::objects::ObjectsError;

/// Versions per page of a listing.
const PAGE: usize = 1000;

impl ObjectListing for MemoryObjects {
    async fn list_versions(&self, prefix: &str, after: Option<(String, String)>) -> Result<VersionPage, ObjectsError> {
        let bucket = self.bucket();
        let from = bucket.texts.range(prefix.to_owned()..);
        let below = from.take_while(|(text, _)| text.starts_with(prefix)).map(|(_, key)| key);
        let mut all: Vec<ListedVersion> = below
            .flat_map(|key| bucket.keys.get(key).into_iter().flatten().map(move |version| (key, version)))
            .filter_map(|(key, version)| {
                let upload = version.upload.as_ref()?;
                let size = ByteSize::from_bytes(upload.hollow.max(upload.bytes.len() as u64));
                let stored_at = key.id().created_at();
                Some(ListedVersion { key: key.clone(), version: version.id.clone(), size, stored_at })
            })
            .collect();
        all.sort_by_key(|found| (found.key.to_string(), found.version.clone()));
        let place = |found: &ListedVersion| (found.key.to_string(), found.version.clone());
        let mut versions: Vec<ListedVersion> =
            all.into_iter().filter(|found| after.as_ref().is_none_or(|after| place(found) > *after)).collect();
        let more = versions.len() > PAGE;
        versions.truncate(PAGE);
        let next = versions.last().filter(|_| more).map(place);
        Ok(VersionPage { versions, next })
    }
}
