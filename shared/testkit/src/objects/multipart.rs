//! Multipart uploads, in memory.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;

use super::{MemoryObjects, Upload, Version};
use policy::checksum::{Checksum, ChecksumAlgorithm};
use policy::grant::{GENERATION_NAME, METADATA_NAME};
use policy::hash::hex_sha256;
use policy::key::ObjectKey;
use policy::parts::{ETag, Part, PartNumber};
use policy::s3_limits::StoreLimits;
use policy::session::Completed;
use policy::size::ByteSize;
use uploads_core::ports::multipart_uploads::{
    CompleteError, CompleteMultipartUpload, CreateMultipartUpload, InProgressPage, InProgressUpload, MultipartUploads,
    PartsPage,
};
use uploads_core::ports::objects::ObjectsError;

/// Parts per page of a listing.
const PAGE: usize = 1000;

/// An upload in progress.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    key: ObjectKey,
    create_request: CreateMultipartUpload,
    begun_at: Timestamp,
    parts: BTreeMap<PartNumber, (Part, Content)>,
}

/// The bytes of a part, or only their number: 48.8 TiB fit into no memory.
#[derive(Debug, Clone)]
enum Content {
    Bytes(Vec<u8>),
    Length(u64),
}

impl Content {
    fn part(&self, number: PartNumber, checksum: Option<&Checksum>) -> Part {
        let (size, hash) = match self {
            Self::Bytes(bytes) => (bytes.len() as u64, hex_sha256(&[bytes])),
            Self::Length(length) => (*length, hex_sha256(&[&length.to_be_bytes(), &number.get().to_be_bytes()])),
        };
        let etag = ETag::parse(&hash[..32]).expect("an ETag");
        let checksum = checksum.map(|checksum| checksum.value().to_owned());
        Part { number, etag, size: ByteSize::from_bytes(size), checksum }
    }
}

/// The table of CRC-64/NVME.
const fn table() -> [u64; 256] {
    let (mut table, mut n) = ([0; 256], 0);
    while n < 256 {
        let (mut crc, mut bit) = (n as u64, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x9a6c_9329_ac4b_c9b5 } else { crc >> 1 };
            bit += 1;
        }
        table[n] = crc;
        n += 1;
    }
    table
}

/// CRC-64/NVME, one byte at a time: simple rather than fast.
#[must_use]
pub fn crc64nvme(bytes: &[u8]) -> u64 {
    const TABLE: [u64; 256] = table();
    let step = |crc: u64, byte: &u8| TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ crc >> 8;
    !bytes.iter().fold(u64::MAX, step)
}

impl MemoryObjects {
    /// Stores a part as a client does with a signed URL; `None` when there is no such upload.
    pub fn put_part(&self, upload: &str, number: u32, bytes: &[u8]) -> Option<ETag> {
        self.put_content(upload, number, Content::Bytes(bytes.to_vec()), None)
    }

    /// Stores a part with a checksum, which is not verified.
    pub fn put_summed_part(
        &self,
        upload: &str,
        number: u32,
        bytes: &[u8],
        checksum: Option<&Checksum>,
    ) -> Option<ETag> {
        self.put_content(upload, number, Content::Bytes(bytes.to_vec()), checksum)
    }

    /// Stores a part of `length` bytes without its bytes.
    pub fn put_hollow_part(&self, upload: &str, number: u32, length: u64) -> Option<ETag> {
        self.put_content(upload, number, Content::Length(length), None)
    }

    fn put_content(&self, upload: &str, number: u32, content: Content, checksum: Option<&Checksum>) -> Option<ETag> {
        let number = PartNumber::new(number).expect("a part number");
        let mut bucket = self.bucket();
        let pending = bucket.pending.get_mut(upload)?;
        let part = content.part(number, checksum);
        let etag = part.etag.clone();
        pending.parts.insert(number, (part, content));
        Some(etag)
    }

    /// The ids of all uploads in progress.
    #[must_use]
    pub fn pending(&self) -> Vec<String> {
        self.bucket().pending.keys().cloned().collect()
    }

    /// Removes an upload, as a lifecycle rule or an operator does.
    pub fn lose(&self, upload: &str) {
        self.bucket().pending.remove(upload);
    }

    /// Sets when an upload was created.
    pub fn date(&self, upload: &str, at: Timestamp) {
        if let Some(pending) = self.bucket().pending.get_mut(upload) {
            pending.begun_at = at;
        }
    }
}

/// The checksum stored with the object: the requested full-object one, or a composite of the parts'.
fn whole_checksum(complete_request: &CompleteMultipartUpload, pending: &Pending) -> Vec<String> {
    let made = pending.create_request.checksum.map(|sums| format!("{}:made-of-parts", sums.algorithm.name()));
    complete_request.checksum.as_ref().map(ToString::to_string).or(made).into_iter().collect()
}

impl MultipartUploads for MemoryObjects {
    async fn create_upload(
        &self,
        key: &ObjectKey,
        create_request: &CreateMultipartUpload,
    ) -> Result<String, ObjectsError> {
        let mut bucket = self.bucket();
        bucket.written += 1;
        let id = format!("upload-{:08}", bucket.written);
        let begun_at = super::super::now();
        let (key, create_request) = (key.clone(), create_request.clone());
        bucket.pending.insert(id.clone(), Pending { key, create_request, begun_at, parts: BTreeMap::new() });
        Ok(id)
    }

    async fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &str,
        after: Option<PartNumber>,
    ) -> Result<Option<PartsPage>, ObjectsError> {
        let bucket = self.bucket();
        let Some(pending) = bucket.pending.get(upload).filter(|pending| pending.key == *key) else { return Ok(None) };
        let left = pending.parts.iter().filter(|(number, _)| after.is_none_or(|after| **number > after));
        let mut parts: Vec<Part> = left.take(PAGE + 1).map(|(_, (part, _))| part.clone()).collect();
        let more = parts.len() > PAGE;
        parts.truncate(PAGE);
        let next = parts.last().filter(|_| more).map(|part| part.number);
        Ok(Some(PartsPage { parts, next }))
    }

    async fn complete_upload(
        &self,
        key: &ObjectKey,
        upload: &str,
        complete_request: &CompleteMultipartUpload,
    ) -> Result<Completed, CompleteError> {
        let mut bucket = self.bucket();
        let Some(pending) = bucket.pending.get(upload).filter(|pending| pending.key == *key).cloned() else {
            return Err(CompleteError::NoSuchUpload);
        };
        if bucket.keys.get(key).and_then(|versions| versions.last()).is_some_and(|last| last.upload.is_some()) {
            return Err(CompleteError::Exists);
        }
        let listed: Option<Vec<(&Part, &Content)>> = complete_request
            .parts
            .iter()
            .map(|(number, etag, sum)| {
                let (part, content) = pending.parts.get(number)?;
                (part.etag == *etag && (sum.is_none() || part.checksum == *sum)).then_some((part, content))
            })
            .collect();
        let Some(listed) = listed.filter(|listed| !listed.is_empty()) else { return Err(CompleteError::InvalidPart) };
        let (_, full) = listed.split_last().expect("at least one part");
        let part_min = bucket.part_min.unwrap_or(StoreLimits::S3.part_min);
        if full.iter().any(|(part, _)| part.size < part_min) {
            return Err(CompleteError::PartTooSmall);
        }
        let size: u64 = listed.iter().map(|(part, _)| part.size.bytes()).sum();
        if size != complete_request.size.bytes() {
            return Err(CompleteError::ObjectMismatch("InvalidRequest: another size".to_owned()));
        }
        let mut bytes = Vec::new();
        for (_, content) in &listed {
            if let Content::Bytes(part) = content {
                bytes.extend_from_slice(part);
            }
        }
        if let Some(whole) = &complete_request.checksum {
            let began_as_composite = pending.create_request.checksum.is_some_and(|sums| !sums.whole);
            if began_as_composite {
                return Err(CompleteError::ObjectMismatch("BadDigest: the upload began as COMPOSITE".to_owned()));
            }
            let found = BASE64_STANDARD.encode(crc64nvme(&bytes).to_be_bytes());
            // Other algorithms, and parts without bytes, are not verified.
            let verifiable = whole.algorithm() == ChecksumAlgorithm::Crc64Nvme && bytes.len() as u64 == size;
            if verifiable && whole.value() != found {
                return Err(CompleteError::ObjectMismatch("BadDigest: another checksum".to_owned()));
            }
        }
        let metadata = BTreeMap::from([
            (METADATA_NAME.to_owned(), pending.create_request.encoded_grant.clone()),
            (GENERATION_NAME.to_owned(), pending.create_request.generation.to_string()),
        ]);
        let hash = hex_sha256(&[upload.as_bytes()]);
        let etag = ETag::parse(&format!("{}-{}", &hash[..32], listed.len())).expect("an ETag");
        bucket.written += 1;
        let version = format!("version-{}", bucket.written);
        let upload_made = Upload {
            bytes,
            content_type: pending.create_request.content_type.clone(),
            metadata,
            checksums: whole_checksum(complete_request, &pending),
            etag: Some(etag.clone()),
            hollow: size,
        };
        bucket.store(key, Version { id: version.clone(), upload: Some(upload_made) });
        bucket.pending.remove(upload);
        Ok(Completed { version, etag })
    }

    async fn abort_upload(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        let mut bucket = self.bucket();
        if bucket.pending.get(upload).is_some_and(|pending| pending.key == *key) {
            bucket.pending.remove(upload);
        }
        Ok(())
    }

    async fn list_in_progress(
        &self,
        prefix: &str,
        after: Option<(String, String)>,
    ) -> Result<InProgressPage, ObjectsError> {
        let bucket = self.bucket();
        let mut all: Vec<InProgressUpload> = bucket
            .pending
            .iter()
            .map(|(id, pending)| InProgressUpload {
                key: pending.key.to_string(),
                upload: id.clone(),
                begun_at: pending.begun_at,
            })
            .filter(|found| found.key.starts_with(prefix))
            .collect();
        all.sort_by(|a, b| (&a.key, &a.upload).cmp(&(&b.key, &b.upload)));
        let later = |found: &InProgressUpload| {
            after.as_ref().is_none_or(|(key, upload)| (&found.key, &found.upload) > (key, upload))
        };
        let mut uploads: Vec<InProgressUpload> = all.into_iter().filter(later).take(PAGE + 1).collect();
        let more = uploads.len() > PAGE;
        uploads.truncate(PAGE);
        let next = uploads.last().filter(|_| more).map(|last| (last.key.clone(), last.upload.clone()));
        Ok(InProgressPage { uploads, next })
    }
}
