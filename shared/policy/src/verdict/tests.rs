//! Each difference between grant and object gives its reason.

use std::borrow::Cow;

use content_sniff::{Confidence, Finding, FindingCode};

use super::*;
use crate::grant::SizeGrant;
use crate::grant::tests::grant;
use crate::key::{OwnerId, UploadId};
use crate::size::ByteSize;

fn key() -> ObjectKey {
    ObjectKey::new(OwnerId::open(), UploadId::new(jiff::Timestamp::UNIX_EPOCH, [0; 10]))
}

fn observed() -> ObservedObject {
    ObservedObject {
        version: "v".to_owned(),
        size: ByteSize::from_bytes(68),
        etag: None,
        generation: None,
        content_type: Some("image/png".to_owned()),
        grant: Ok(grant()),
        checksums: vec!["crc32:AAAAAA==".to_owned()],
        unexpected_metadata: Vec::new(),
    }
}

fn sniffed(media_type: &'static str) -> Sniffed {
    Sniffed {
        media_type: Cow::Borrowed(media_type),
        parent: None,
        confidence: Confidence::Structural,
        findings: Vec::new(),
        reads: 1,
        bytes: 68,
    }
}

fn codes(observed: &ObservedObject, sniffed: &Sniffed) -> Vec<String> {
    let verdict = decide(&key(), observed, sniffed, &ContentRules::standard());
    assert_eq!(verdict.outcome == Outcome::Accepted, verdict.reasons.is_empty());
    verdict.reasons.into_iter().map(|note| note.code).collect()
}

#[test]
fn an_object_as_granted_is_accepted() {
    assert_eq!(codes(&observed(), &sniffed("image/png")), Vec::<String>::new());
}

#[test]
fn each_difference_gives_its_reason() {
    let png = sniffed("image/png");
    let check = |observed: ObservedObject, sniffed: &Sniffed, reason: Reason| {
        assert_eq!(codes(&observed, sniffed), [reason.code()]);
    };
    assert_eq!(codes(&observed(), &sniffed("text/html")), ["content-mismatch"]);
    check(ObservedObject { size: ByteSize::from_bytes(67), ..observed() }, &png, Reason::SizeMismatch);
    check(ObservedObject { size: ByteSize::from_bytes(69), ..observed() }, &png, Reason::SizeMismatch);
    check(ObservedObject { content_type: None, ..observed() }, &png, Reason::TypeAltered);
    check(ObservedObject { checksums: Vec::new(), ..observed() }, &png, Reason::ChecksumMismatch);
    check(ObservedObject { grant: Err(InvalidGrant), ..observed() }, &png, Reason::NotGranted);
    check(
        ObservedObject { unexpected_metadata: vec!["cache-control".to_owned()], ..observed() },
        &png,
        Reason::UnexpectedMetadata,
    );
    let foreign = Grant { owner: OwnerId::from_claims("i", "b").unwrap(), ..grant() };
    check(ObservedObject { grant: Ok(foreign), ..observed() }, &png, Reason::NotGranted);
    let truncated = vec![Finding { code: FindingCode::Truncated, detail: String::new() }];
    assert_eq!(codes(&observed(), &Sniffed { findings: truncated, ..png }), ["truncated"]);
}

#[test]
fn both_ends_of_a_granted_range_are_inclusive() {
    let (min, max) = (ByteSize::from_bytes(10), ByteSize::from_bytes(20));
    let ranged = Grant { size: SizeGrant::Between { min, max }, ..grant() };
    for (bytes, accepted) in [(9, false), (10, true), (20, true), (21, false)] {
        let observed = ObservedObject { size: ByteSize::from_bytes(bytes), grant: Ok(ranged.clone()), ..observed() };
        assert_eq!(codes(&observed, &sniffed("image/png")).is_empty(), accepted, "{bytes}");
    }
}
