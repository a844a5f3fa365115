//! Limits and checksums of multipart uploads.

use super::*;
use crate::document;
use crate::policy::tests::{allow_all, bytes, request};

#[test]
fn limits_of_rule_and_store_apply() {
    let policy = allow_all("");
    let review = |size| policy.review_multipart(request(size), None);
    let max = 53_687_091_200_000;
    for size in [1, 5_000_000_001, max] {
        let reviewed = review(Some(size)).unwrap();
        assert_eq!(reviewed.grant.size, SizeGrant::Exactly(bytes(size)));
        assert_eq!(reviewed.unsized_sessions, None);
        assert_eq!(reviewed.terms.session_life, Duration::from_hours(7 * 24));
    }
    assert_eq!(review(Some(0)), Err(Refusal::TooSmall { size: bytes(0), min: bytes(1) }));
    assert_eq!(review(Some(max + 1)), Err(Refusal::TooLarge { size: bytes(max + 1), max: bytes(max) }));
    let unsized_upload = review(None).unwrap();
    assert_eq!(unsized_upload.grant.size, SizeGrant::Between { min: bytes(1), max: bytes(max) });
    assert_eq!(
        (unsized_upload.unsized_sessions, unsized_upload.terms.session_life),
        (Some(100), Duration::from_hours(48))
    );
    // A store with fewer and smaller parts has a lower limit.
    let other_store = r#"{"version": 1, "store": {"partMax": "10 MiB", "parts": 3},
        "classes": {"default": {"allow": [{"types": ["*/*"]}]}}}"#;
    let other_store = document::parse(other_store).unwrap();
    let max = 30 << 20;
    assert!(other_store.review_multipart(request(Some(max)), None).is_ok());
    let over = other_store.review_multipart(request(Some(max + 1)), None);
    assert_eq!(over, Err(Refusal::TooLarge { size: bytes(max + 1), max: bytes(max) }));
}

#[test]
fn only_checksums_that_s3_can_verify_are_granted() {
    use crate::checksum::ChecksumAlgorithm::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
    let review = |policy: &Policy, object: Option<ChecksumAlgorithm>, parts| {
        let checksum = object.map(|algorithm| {
            let value = match algorithm {
                Crc32 | Crc32c => "AAAAAA==",
                Crc64Nvme => "AAAAAAAAAAA=",
                Sha1 => "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                Sha256 => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            };
            Checksum::parse(algorithm.name(), value).unwrap()
        });
        policy
            .review_multipart(UploadRequest { checksum, ..request(Some(1)) }, parts)
            .map(|reviewed| reviewed.terms.part_checksum)
    };
    for object in [None].into_iter().chain(ChecksumAlgorithm::ALL.map(Some)) {
        for parts in [None].into_iter().chain(ChecksumAlgorithm::ALL.map(Some)) {
            let supported = object.is_none()
                || (object == Some(Crc64Nvme) && parts.is_none())
                || (object == parts && matches!(object, Some(Crc32 | Crc32c | Crc64Nvme)));
            assert_eq!(review(&allow_all(""), object, parts).is_ok(), supported, "{object:?} {parts:?}");
        }
    }
    let required = allow_all(r#", "checksum": "required""#);
    assert_eq!(review(&required, None, None), Err(Refusal::ChecksumRequired));
    assert_eq!(review(&required, None, Some(Sha256)), Ok(Some(Sha256)));
    assert_eq!(review(&required, Some(Crc64Nvme), None), Ok(None));
}
