//! The bucket on S3.

mod multipart_uploads;
mod object_listing;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;

use crate::clients::{Clients, describe};
use content_sniff::ByteRange;
use policy::Grant;
use policy::grant::{GENERATION_NAME, InvalidGrant, METADATA_NAME};
use policy::key::ObjectKey;
use policy::observed::ObservedObject;
use policy::parts::ETag;
use policy::size::ByteSize;
use uploads_core::ports::objects::{Objects, ObjectsError};

/// Browsers add one of these `Cache-Control` values to a request with `If-None-Match`, and S3 stores it: the first by the
/// Fetch standard (HTTP-network-or-cache fetch, read 2026-11), the second as Chromium 156 does it. Both are harmless,
/// because content URLs set their own `Cache-Control`.
const ADDED_BY_BROWSERS: [&str; 2] = ["no-cache", "max-age=0"];

/// How often a range is requested when its body breaks off.
const MAX_ATTEMPTS: u32 = 3;

/// A bucket.
pub struct S3Objects {
    clients: Clients,
    bucket: String,
}

impl S3Objects {
    /// The bucket called `bucket`.
    #[must_use]
    pub fn new(clients: Clients, bucket: &str) -> Self {
        Self { clients, bucket: bucket.to_owned() }
    }

    async fn client(&self) -> &Client {
        self.clients.s3().await
    }
}

impl Objects for S3Objects {
    async fn head(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<ObservedObject>, ObjectsError> {
        let head = self
            .client()
            .await
            .head_object()
            .bucket(&self.bucket)
            .key(key.to_string())
            .set_version_id(version.map(str::to_owned))
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        match head {
            Ok(head) => Ok(Some(observed(&head, version))),
            Err(error) => absent(&error),
        }
    }

    async fn read(&self, key: &ObjectKey, version: &str, range: ByteRange) -> Result<Option<Vec<u8>>, ObjectsError> {
        let last = range.start.saturating_add(range.len.max(1)) - 1;
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = self
                .client()
                .await
                .get_object()
                .bucket(&self.bucket)
                .key(key.to_string())
                .set_version_id((!version.is_empty()).then(|| version.to_owned()))
                .range(format!("bytes={}-{last}", range.start))
                .send()
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                // S3 answers 416 to a range of an empty object.
                Err(error) if status(&error) == Some(416) => return Ok(Some(Vec::new())),
                Err(error) => return absent(&error),
            };
            // Some stores ignore ranges and send the whole object: the range is then cut out of the stream.
            let skip = if answer.content_range().is_some() { 0 } else { range.start };
            match stretch(answer.body, skip, range.len).await {
                // The SDK does not repeat a request whose body broke off.
                Err(_) if tries < MAX_ATTEMPTS => {}
                read => return read.map(Some),
            }
        }
    }

    async fn delete_version(&self, key: &ObjectKey, version: &str) -> Result<(), ObjectsError> {
        let deleted = self.client().await.delete_object().bucket(&self.bucket).key(key.to_string());
        let deleted = deleted.set_version_id((!version.is_empty()).then(|| version.to_owned())).send();
        match deleted.await {
            Ok(_) => Ok(()),
            Err(error) => absent::<(), _>(&error).map(|_| ()),
        }
    }

    async fn versions(&self, key: &ObjectKey) -> Result<Vec<String>, ObjectsError> {
        let key = key.to_string();
        let mut versions = Vec::new();
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let page = self
                .client()
                .await
                .list_object_versions()
                .bucket(&self.bucket)
                .prefix(&key)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await
                .map_err(|e| unavailable(&e))?;
            // A prefix also matches longer keys.
            let found = page.versions().iter().map(|v| (v.key(), v.version_id()));
            let markers = page.delete_markers().iter().map(|m| (m.key(), m.version_id()));
            let exact = found.chain(markers).filter(|(found, _)| *found == Some(key.as_str()));
            versions.extend(exact.filter_map(|(_, version)| version.map(str::to_owned)));
            if page.is_truncated() != Some(true) {
                return Ok(versions);
            }
            key_marker = page.next_key_marker;
            version_marker = page.next_version_id_marker;
        }
    }
}

/// At most `len` bytes of `body` after the first `skip`; holds no more than that in memory.
async fn stretch(mut body: ByteStream, mut skip: u64, len: u64) -> Result<Vec<u8>, ObjectsError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.try_next().await.map_err(|e| ObjectsError(Box::new(e)))? {
        let skipped = skip.min(chunk.len() as u64);
        skip -= skipped;
        let left = len.saturating_sub(bytes.len() as u64);
        let fresh = chunk.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX));
        bytes.extend(fresh.take(usize::try_from(left).unwrap_or(usize::MAX)));
        if bytes.len() as u64 >= len {
            break;
        }
    }
    Ok(bytes)
}

/// The headers that matter for a verdict.
fn observed(head: &HeadObjectOutput, version: Option<&str>) -> ObservedObject {
    let metadata = head.metadata();
    let encoded_grant = metadata.and_then(|all| all.get(METADATA_NAME));
    let mut unexpected_metadata: Vec<String> = metadata
        .into_iter()
        .flat_map(|all| all.keys())
        .filter(|name| *name != METADATA_NAME && *name != GENERATION_NAME)
        .map(|_| "metadata of its own".to_owned())
        .take(1)
        .collect();
    for (name, there) in [
        ("content-encoding", head.content_encoding().is_some_and(|v| !v.is_empty())),
        ("content-disposition", head.content_disposition().is_some()),
        ("content-language", head.content_language().is_some()),
        ("cache-control", head.cache_control().is_some_and(|value| !ADDED_BY_BROWSERS.contains(&value))),
        ("expires", head.expires_string().is_some()),
        ("a website redirect", head.website_redirect_location().is_some()),
        ("tags", head.tag_count().is_some_and(|count| count > 0)),
    ] {
        if there {
            unexpected_metadata.push(name.to_owned());
        }
    }
    let checksums = [
        ("crc32", head.checksum_crc32()),
        ("crc32c", head.checksum_crc32_c()),
        ("crc64nvme", head.checksum_crc64_nvme()),
        ("sha1", head.checksum_sha1()),
        ("sha256", head.checksum_sha256()),
    ];
    ObservedObject {
        version: head.version_id().or(version).unwrap_or_default().to_owned(),
        size: ByteSize::from_bytes(head.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or_default()),
        etag: head.e_tag().and_then(|etag| ETag::parse(etag).ok()),
        generation: metadata.and_then(|all| all.get(GENERATION_NAME)).and_then(|text| text.parse().ok()),
        content_type: head.content_type().map(str::to_owned),
        grant: encoded_grant.map_or(Err(InvalidGrant), |value| Grant::decode(value)),
        checksums: checksums
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| format!("{name}:{value}")))
            .collect(),
        unexpected_metadata,
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// `None` when the store says that the object or version does not exist.
fn absent<T, E>(error: &SdkError<E>) -> Result<Option<T>, ObjectsError>
where
    E: ProvideErrorMetadata,
{
    let gone = matches!(
        (status(error), error.code()),
        // A HEAD has no body and so no code. With ListBucket granted, 404 means that the object does not exist.
        // A delete marker answers 405 to a HEAD by version.
        (Some(404), None | Some("NotFound" | "NoSuchKey" | "NoSuchVersion")) | (Some(405), _)
    );
    if gone { Ok(None) } else { Err(unavailable(error)) }
}

fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> ObjectsError {
    ObjectsError(describe(error).into())
}
