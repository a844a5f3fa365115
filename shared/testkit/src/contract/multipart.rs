//! The contract of multipart uploads.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

use super::{PutObjects, fresh_key};
use crate::objects::crc64nvme;
use crate::{Upload, grant};
use policy::checksum::{Checksum, ChecksumAlgorithm};
use policy::key::ObjectKey;
use policy::parts::{ETag, Part, PartNumber};
use policy::size::ByteSize;
use uploads_core::ports::multipart_uploads::{
    CompleteError, CompleteMultipartUpload, CreateMultipartUpload, InProgressUpload, MultipartUploads, PartChecksums,
};
use uploads_core::ports::objects::Objects;

/// Stores parts as clients do with presigned URLs.
pub trait PutParts {
    /// Stores a part, with its checksum where it has one; `None` when there is no such upload.
    fn part(
        &self,
        key: &ObjectKey,
        upload: &str,
        number: PartNumber,
        bytes: &[u8],
        checksum: Option<&Checksum>,
    ) -> impl Future<Output = Option<ETag>>;
}

impl PutParts for crate::MemoryObjects {
    async fn part(
        &self,
        _: &ObjectKey,
        upload: &str,
        number: PartNumber,
        bytes: &[u8],
        checksum: Option<&Checksum>,
    ) -> Option<ETag> {
        self.put_summed_part(upload, number.get(), bytes, checksum)
    }
}

/// Features that a store may lack.
#[derive(Debug, Clone, Copy)]
pub struct StoreFeatures {
    /// It refuses small parts before the last.
    pub minimum: bool,
    /// It verifies full-object checksums.
    pub whole: bool,
    /// It supports CRC-32C.
    pub crc32c: bool,
}

/// The minimum size of all parts but the last.
const FULL: usize = 5 << 20;

/// Checks the contract of multipart uploads.
pub async fn multipart(
    bucket: &(impl MultipartUploads + Objects),
    stock: &(impl PutObjects + PutParts),
    features: StoreFeatures,
) {
    parts_are_listed_page_by_page(bucket, stock).await;
    an_unknown_upload_is_none(bucket, stock).await;
    parts_make_an_object(bucket, stock).await;
    what_is_wrong_makes_none(bucket, stock, features).await;
    an_object_in_the_way_stays(bucket, stock).await;
    sums_of_parts_travel(bucket, stock, features).await;
    if features.whole {
        a_sum_of_the_whole_is_verified(bucket, stock).await;
    }
    what_is_under_way_is_listed(bucket).await;
}

fn number(n: u32) -> PartNumber {
    PartNumber::new(n).expect("a part number")
}

fn create_request(key: &ObjectKey, size: usize, checksum: Option<PartChecksums>) -> CreateMultipartUpload {
    let grant = grant(key.owner(), size as u64);
    let encoded_grant = grant.encode_for_multipart().expect("a grant that fits");
    CreateMultipartUpload { content_type: grant.content_type.to_string(), encoded_grant, generation: 3, checksum }
}

async fn create_upload(bucket: &impl MultipartUploads, key: &ObjectKey, size: usize) -> String {
    bucket.create_upload(key, &create_request(key, size, None)).await.expect("an upload")
}

async fn all(bucket: &impl MultipartUploads, key: &ObjectKey, upload: &str) -> Vec<Part> {
    let (mut parts, mut next) = (Vec::new(), None);
    loop {
        let page = bucket.list_parts(key, upload, next).await.expect("an answer").expect("an upload");
        assert!(page.next.is_none() || page.next == page.parts.last().map(|part| part.number));
        parts.extend(page.parts);
        next = page.next;
        if next.is_none() {
            return parts;
        }
    }
}

fn complete_request(parts: &[Part]) -> CompleteMultipartUpload {
    let listed = parts.iter().map(|part| (part.number, part.etag.clone(), part.checksum.clone()));
    let size = ByteSize::from_bytes(parts.iter().map(|part| part.size.bytes()).sum());
    CompleteMultipartUpload { parts: listed.collect(), part_checksum: None, size, checksum: None }
}

async fn parts_are_listed_page_by_page(bucket: &impl MultipartUploads, stock: &impl PutParts) {
    let key = fresh_key();
    let upload = create_upload(bucket, &key, 2500).await;
    assert_eq!(all(bucket, &key, &upload).await, []);
    let mut etags = Vec::new();
    for n in 1..=2500_u32 {
        etags.push(stock.part(&key, &upload, number(n), &n.to_be_bytes(), None).await.expect("an upload"));
    }
    let parts = all(bucket, &key, &upload).await;
    assert_eq!(parts.iter().map(|part| part.number.get()).collect::<Vec<_>>(), (1..=2500).collect::<Vec<_>>());
    assert_eq!(parts.iter().map(|part| part.etag.clone()).collect::<Vec<_>>(), etags);
    assert!(parts.iter().all(|part| part.size == ByteSize::from_bytes(4)));
    let last = bucket.list_parts(&key, &upload, Some(number(2499))).await.expect("an answer").expect("an upload");
    assert_eq!((last.parts.len(), last.next), (1, None));
    let beyond = bucket.list_parts(&key, &upload, Some(number(2500))).await.expect("an answer").expect("an upload");
    assert_eq!((beyond.parts, beyond.next), (Vec::new(), None));
    // A part that is sent again replaces the first.
    let again = stock.part(&key, &upload, number(1000), b"another", None).await.expect("an upload");
    let parts = all(bucket, &key, &upload).await;
    assert_eq!((parts.len(), &parts[999].etag, parts[999].size.bytes()), (2500, &again, 7));
    assert_ne!(etags[999], again);
    bucket.abort_upload(&key, &upload).await.expect("an answer");
}

async fn an_unknown_upload_is_none(bucket: &impl MultipartUploads, stock: &impl PutParts) {
    let (key, other) = (fresh_key(), fresh_key());
    let upload = create_upload(bucket, &key, 1).await;
    assert_eq!(bucket.list_parts(&other, &upload, None).await.expect("an answer"), None, "it is another key's");
    bucket.abort_upload(&other, &upload).await.expect("an answer");
    assert!(stock.part(&key, &upload, number(1), b"x", None).await.is_some(), "and stays");
    for _ in 0..2 {
        bucket.abort_upload(&key, &upload).await.expect("an answer");
        assert_eq!(bucket.list_parts(&key, &upload, None).await.expect("an answer"), None);
    }
    assert_eq!(stock.part(&key, &upload, number(1), b"x", None).await, None);
    let etag = ETag::parse("e").expect("an ETag");
    let part = Part { number: number(1), etag, size: ByteSize::from_bytes(1), checksum: None };
    let gone = bucket.complete_upload(&key, &upload, &complete_request(&[part])).await.expect_err("no upload");
    assert!(matches!(gone, CompleteError::NoSuchUpload), "{gone}");
}

async fn parts_make_an_object(bucket: &(impl MultipartUploads + Objects), stock: &impl PutParts) {
    let key = fresh_key();
    let upload = create_upload(bucket, &key, FULL + 3).await;
    stock.part(&key, &upload, number(2), b"end", None).await.expect("an upload");
    stock.part(&key, &upload, number(1), &vec![b'x'; FULL], None).await.expect("an upload");
    let whole = complete_request(&all(bucket, &key, &upload).await);
    assert_eq!(bucket.head(&key, None).await.expect("an answer"), None);
    let done = bucket.complete_upload(&key, &upload, &whole).await.expect("an object");
    assert!(done.etag.as_str().ends_with("-2"), "{:?}", done.etag);
    let seen = bucket.head(&key, None).await.expect("an answer").expect("an object");
    assert_eq!((seen.version.as_str(), seen.etag.as_ref()), (done.version.as_str(), Some(&done.etag)));
    assert_eq!((seen.size.bytes(), seen.generation), (FULL as u64 + 3, Some(3)));
    assert_eq!(seen.grant, Ok(grant(key.owner(), FULL as u64 + 3)));
    assert_eq!((seen.content_type.as_deref(), seen.unexpected_metadata), (Some("image/png"), Vec::new()));
    let end = content_sniff::ByteRange { start: FULL as u64 - 1, len: 9 };
    let read = bucket.read(&key, &done.version, end).await.expect("an answer");
    assert_eq!(read.as_deref(), Some(b"xend".as_slice()));
    assert_eq!(bucket.list_parts(&key, &upload, None).await.expect("an answer"), None);
    bucket.abort_upload(&key, &upload).await.expect("an answer");
    // A repeated completion gets the same answer or NoSuchUpload, and makes no second object.
    match bucket.complete_upload(&key, &upload, &whole).await {
        Ok(again) => assert_eq!(again, done),
        Err(again) => assert!(matches!(again, CompleteError::NoSuchUpload | CompleteError::Exists), "{again}"),
    }
    assert_eq!(bucket.versions(&key).await.expect("an answer"), [done.version]);
}

async fn what_is_wrong_makes_none(
    bucket: &(impl MultipartUploads + Objects),
    stock: &impl PutParts,
    features: StoreFeatures,
) {
    let key = fresh_key();
    let upload = create_upload(bucket, &key, FULL + 1).await;
    stock.part(&key, &upload, number(1), &vec![b'x'; FULL], None).await.expect("an upload");
    stock.part(&key, &upload, number(2), b"x", None).await.expect("an upload");
    let before = all(bucket, &key, &upload).await;
    stock.part(&key, &upload, number(2), b"y", None).await.expect("an upload");
    let parts = all(bucket, &key, &upload).await;
    let refused = async |complete_request: &CompleteMultipartUpload| {
        bucket.complete_upload(&key, &upload, complete_request).await.expect_err("no object")
    };
    let changed = refused(&complete_request(&before)).await;
    assert!(matches!(changed, CompleteError::InvalidPart), "sent again since: {changed}");
    let mut missing = parts.clone();
    missing.push(Part { number: number(3), ..parts[1].clone() });
    let missing = refused(&complete_request(&missing)).await;
    assert!(matches!(missing, CompleteError::InvalidPart), "{missing}");
    for size in [FULL as u64, FULL as u64 + 2] {
        let size = ByteSize::from_bytes(size);
        let wrong = refused(&CompleteMultipartUpload { size, ..complete_request(&parts) }).await;
        assert!(matches!(wrong, CompleteError::ObjectMismatch(_)), "{wrong}");
    }
    assert_eq!(bucket.versions(&key).await.expect("an answer"), Vec::<String>::new());
    assert_eq!(all(bucket, &key, &upload).await, parts, "a refusal costs nothing");
    if features.minimum {
        stock.part(&key, &upload, number(1), &vec![b'x'; FULL - 1], None).await.expect("an upload");
        let small = refused(&complete_request(&all(bucket, &key, &upload).await)).await;
        assert!(matches!(small, CompleteError::PartTooSmall), "{small}");
    }
    bucket.abort_upload(&key, &upload).await.expect("an answer");
}

async fn an_object_in_the_way_stays(bucket: &(impl MultipartUploads + Objects), stock: &(impl PutObjects + PutParts)) {
    let key = fresh_key();
    let upload = create_upload(bucket, &key, 1).await;
    stock.part(&key, &upload, number(1), b"x", None).await.expect("an upload");
    let first = stock.put(&key, &Upload::foreign(b"first")).await;
    let whole = complete_request(&all(bucket, &key, &upload).await);
    let refused = bucket.complete_upload(&key, &upload, &whole).await.expect_err("no second object");
    assert!(matches!(refused, CompleteError::Exists), "{refused}");
    assert_eq!(bucket.versions(&key).await.expect("an answer"), [first]);
    bucket.abort_upload(&key, &upload).await.expect("an answer");
}

fn sum(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Checksum {
    let value = match algorithm {
        ChecksumAlgorithm::Crc64Nvme => crc64nvme(bytes).to_be_bytes().to_vec(),
        ChecksumAlgorithm::Sha256 => Sha256::digest(bytes).to_vec(),
        other => unreachable!("no part here has a {}", other.name()),
    };
    Checksum::parse(algorithm.name(), &BASE64_STANDARD.encode(value)).expect("a checksum")
}

async fn sums_of_parts_travel(
    bucket: &(impl MultipartUploads + Objects),
    stock: &impl PutParts,
    features: StoreFeatures,
) {
    let fixed = |name, value| Checksum::parse(name, value).expect("a checksum");
    // Checksums of "x", one per algorithm.
    let crc32c = features.crc32c.then(|| fixed("crc32c", "Cjo/Kg=="));
    let sums = [Some(sum(ChecksumAlgorithm::Sha256, b"x")), Some(sum(ChecksumAlgorithm::Crc64Nvme, b"x")), crc32c];
    for sum in sums.into_iter().flatten() {
        let key = fresh_key();
        let algorithm = sum.algorithm();
        // SHA has no full-object checksum, CRC-64/NVME has no other.
        let whole = features.whole && algorithm != ChecksumAlgorithm::Sha256;
        let begun = create_request(&key, 1, Some(PartChecksums { algorithm, whole }));
        let upload = bucket.create_upload(&key, &begun).await.expect("an upload");
        stock.part(&key, &upload, number(1), b"x", Some(&sum)).await.expect("an upload");
        let parts = all(bucket, &key, &upload).await;
        assert_eq!(parts[0].checksum.as_deref(), Some(sum.value()), "{}", algorithm.name());
        let right = CompleteMultipartUpload { part_checksum: Some(algorithm), ..complete_request(&parts) };
        let mut wrong = right.clone();
        wrong.parts[0].2 =
            Some(BASE64_STANDARD.encode(vec![7; BASE64_STANDARD.decode(sum.value()).expect("base64").len()]));
        let refused = bucket.complete_upload(&key, &upload, &wrong).await.expect_err("no object");
        assert!(matches!(refused, CompleteError::InvalidPart | CompleteError::ObjectMismatch(_)), "{refused}");
        bucket.complete_upload(&key, &upload, &right).await.expect("an object");
        let seen = bucket.head(&key, None).await.expect("an answer").expect("an object");
        assert!(seen.checksums.iter().any(|stored| stored.starts_with(&format!("{}:", algorithm.name()))), "{seen:?}");
    }
}

async fn a_sum_of_the_whole_is_verified(bucket: &(impl MultipartUploads + Objects), stock: &impl PutParts) {
    let key = fresh_key();
    let upload = create_upload(bucket, &key, FULL + 1).await;
    let mut bytes = vec![b'x'; FULL];
    stock.part(&key, &upload, number(1), &bytes, None).await.expect("an upload");
    stock.part(&key, &upload, number(2), b"y", None).await.expect("an upload");
    bytes.push(b'y');
    let parts = complete_request(&all(bucket, &key, &upload).await);
    let of = |bytes: &[u8]| Some(sum(ChecksumAlgorithm::Crc64Nvme, bytes));
    let wrong = CompleteMultipartUpload { checksum: of(b"y"), ..parts.clone() };
    let refused = bucket.complete_upload(&key, &upload, &wrong).await.expect_err("no object");
    assert!(matches!(refused, CompleteError::ObjectMismatch(_)), "{refused}");
    let right = CompleteMultipartUpload { checksum: of(&bytes), ..parts };
    bucket.complete_upload(&key, &upload, &right).await.expect("an object");
    let seen = bucket.head(&key, None).await.expect("an answer").expect("an object");
    assert_eq!(seen.checksums, right.checksum.iter().map(ToString::to_string).collect::<Vec<_>>());
}

async fn what_is_under_way_is_listed(bucket: &impl MultipartUploads) {
    let (key, other) = (fresh_key(), fresh_key());
    let mut mine = BTreeSet::new();
    for _ in 0..1003 {
        mine.insert(create_upload(bucket, &key, 1).await);
    }
    assert_eq!(mine.len(), 1003, "each upload has an id of its own");
    let foreign = create_upload(bucket, &other, 1).await;
    let list = async |prefix: &str| {
        let (mut seen, mut next, mut pages) = (Vec::<InProgressUpload>::new(), None, 0);
        loop {
            let page = bucket.list_in_progress(prefix, next).await.expect("an answer");
            seen.extend(page.uploads);
            pages += 1;
            next = page.next;
            if next.is_none() {
                return (seen, pages);
            }
        }
    };
    let (seen, pages) = list(&key.to_string()).await;
    assert!(pages > 1);
    assert!(seen.iter().all(|found| found.key == key.to_string()));
    assert_eq!(seen.len(), 1003, "none twice");
    assert_eq!(seen.iter().map(|found| found.upload.clone()).collect::<BTreeSet<_>>(), mine);
    let (seen, _) = list(&other.to_string()).await;
    assert_eq!(seen.iter().map(|found| &found.upload).collect::<Vec<_>>(), [&foreign]);
    for upload in &mine {
        bucket.abort_upload(&key, upload).await.expect("an answer");
    }
    bucket.abort_upload(&other, &foreign).await.expect("an answer");
    for key in [&key, &other] {
        assert_eq!(list(&key.to_string()).await.0, []);
    }
}
