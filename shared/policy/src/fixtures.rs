//! Sample values for tests, of this crate and of others.
#![expect(clippy::missing_panics_doc, reason = "a panic in a test fixture fails the test")]

use std::collections::BTreeMap;
use std::time::Duration;

use content_sniff::MediaType;
use jiff::Timestamp;

use crate::filename::FileName;
use crate::grant::{Grant, SizeGrant};
use crate::key::{ObjectKey, OwnerId, UploadId};
use crate::parts::PartPlan;
use crate::s3_limits::StoreLimits;
use crate::session::{Session, SessionTerms};
use crate::size::ByteSize;
use crate::upload::{Granted, Note, Outcome, ValidatedUpload};

/// The issuer in the claims of the sample events.
pub const ISSUER: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE";

/// The subject of a user in the sample events.
pub const ALICE: &str = "a3d4c8f2-4021-7056-9c1e-0b8f5d6e7a01";

/// The subject of another user.
pub const BOB: &str = "b7e1f9a4-8063-70d2-8f3a-1c9d6e5f4b02";

/// A valid PNG of one pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\x0cIDATx\x9cc\xf8\xff\xff?\0\x05\xfe\x02\xfe\r\xefF\xb8\0\0\0\0IEND\xaeB`\x82";

/// The time of a test. It has a fraction of a second, as real clocks have.
#[must_use]
pub fn now() -> Timestamp {
    "2026-11-03T12:00:00.25Z".parse().expect("a timestamp")
}

/// The `n`-th id of a test. Ids ascend with `n`.
#[must_use]
pub fn id(n: u16) -> UploadId {
    let now = now().checked_add(jiff::SignedDuration::from_millis(n.into())).expect("a timestamp");
    let [high, low] = n.to_be_bytes();
    UploadId::new(now, [0, 0, 0, 0, 0, 0, 0, 0, high, low])
}

/// The owner for `subject` of [`ISSUER`].
#[must_use]
pub fn owner(subject: &str) -> OwnerId {
    OwnerId::from_claims(ISSUER, subject).expect("a subject")
}

/// The object key of `subject`'s upload `id`.
#[must_use]
pub fn key(subject: &str, id: UploadId) -> ObjectKey {
    ObjectKey::new(owner(subject), id)
}

/// A grant for a PNG of `size` bytes in the default class.
#[must_use]
pub fn grant(owner: &OwnerId, size: u64) -> Grant {
    Grant {
        owner: owner.clone(),
        class: "default".to_owned(),
        filename: FileName::parse("photo.png").expect("a name"),
        content_type: MediaType::parse("image/png").expect("a type"),
        declared_type: Some(MediaType::parse("image/png").expect("a type")),
        size: SizeGrant::Exactly(ByteSize::from_bytes(size)),
        checksum: None,
        metadata: BTreeMap::new(),
        policy_hash: "0123456789abcdef".to_owned(),
    }
}

/// The plan for `size` bytes with the default part size.
#[must_use]
pub fn sized_plan(size: u64) -> PartPlan {
    PartPlan::sized(ByteSize::from_bytes(size), ByteSize::from_bytes(8 << 20), StoreLimits::S3).expect("a plan")
}

/// A session for `size` bytes at `key`, in the state `Opening`.
#[must_use]
pub fn session_of(key: &ObjectKey, size: u64) -> Session {
    let terms = SessionTerms {
        url_life: Duration::from_mins(15),
        session_life: Duration::from_hours(7 * 24),
        part_checksum: None,
    };
    Session::new(key.clone(), grant(key.owner(), size), sized_plan(size), terms, now())
}

/// A verdict with a value in every field.
#[must_use]
pub fn validated(key: &ObjectKey, version: &str, outcome: Outcome) -> ValidatedUpload {
    let note = |code: &str| Note { code: code.to_owned(), detail: "a sentence".to_owned() };
    let granted = grant(key.owner(), PNG.len() as u64);
    ValidatedUpload {
        key: key.clone(),
        bucket: "sluice-example".to_owned(),
        version: version.to_owned(),
        sequencer: Some("0055aed6dcd90281e500000000000000".to_owned()),
        outcome,
        reasons: if outcome == Outcome::Rejected { vec![note("empty"), note("truncated")] } else { Vec::new() },
        findings: vec![note("macros")],
        granted: Some(Granted {
            class: granted.class,
            filename: "Ünïcödé \"x\".png".to_owned(),
            size: Some(ByteSize::from_bytes(u64::MAX)),
            content_type: granted.content_type.to_string(),
            declared_type: granted.declared_type.as_ref().map(ToString::to_string),
            metadata: [("album".to_owned(), "Süd".to_owned()), ("empty".to_owned(), String::new())].into(),
            policy_hash: granted.policy_hash,
        }),
        size: ByteSize::from_bytes(PNG.len() as u64),
        content_type: "image/png".to_owned(),
        checksum: Some("crc32:AAAAAA==".to_owned()),
        judged_at: "2026-11-03T12:00:00.25Z".parse().expect("a timestamp"),
    }
}
