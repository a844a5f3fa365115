//! What tests need in place of AWS: ports in memory that keep to the contract of the real ones, a way to interrupt
//! any call to them, and requests as API Gateway sends them.
//!
//! Only behind the feature `testing`, which only dev-dependencies ask for: no release build contains a line of it.
#![expect(clippy::missing_panics_doc, reason = "a helper that panics has failed its test, as it should")]

pub mod bus;
pub mod clock;
pub mod contract;
pub mod http;
pub mod interruption;
pub mod objects;
pub mod queue;
pub mod random;
pub mod records;
pub mod scripted;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::ambient::Ambient;
use crate::config::Config;
use crate::filename::FileName;
use crate::key::{ObjectKey, OwnerId, UploadId};
use crate::media::MediaType;
use crate::parts::PartPlan;
use crate::policy::{Grant, SizeGrant, Terms};
use crate::s3_limits::StoreLimits;
use crate::session::Session;
use crate::size::ByteSize;

pub use bus::MemoryBus;
pub use interruption::{Interrupted, Interruption, Kind, Moment};
pub use objects::{MemoryObjects, Upload};
pub use queue::MemoryQueue;
pub use random::Random;
pub use records::MemoryRecords;

/// The bucket of the golden events.
pub const BUCKET: &str = "sluice-example";

/// The issuer of the golden events' claims.
pub const ISSUER: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE";

/// A user of the golden events.
pub const ALICE: &str = "a3d4c8f2-4021-7056-9c1e-0b8f5d6e7a01";

/// Another user.
pub const BOB: &str = "b7e1f9a4-8063-70d2-8f3a-1c9d6e5f4b02";

/// A whole PNG of one pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff?\0\x05\xfe\x02\xfe\r\xefF\xb8\0\0\0\0IEND\xaeB`\x82";

/// When everything in a test happens; not on a whole second, for clocks seldom are.
#[must_use]
pub fn now() -> Timestamp {
    "2026-11-03T12:00:00.25Z".parse().expect("a timestamp")
}

/// A stopped clock, and randomness that is none.
#[must_use]
pub fn ambient() -> Ambient {
    Ambient { now, random: || [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }
}

/// The `n`-th id of a test; a later one is newer.
#[must_use]
pub fn id(n: u16) -> UploadId {
    let now = now().checked_add(jiff::SignedDuration::from_millis(n.into())).expect("a timestamp");
    let [high, low] = n.to_be_bytes();
    UploadId::new(now, [0, 0, 0, 0, 0, 0, 0, 0, high, low])
}

/// An id that no store has seen before.
#[must_use]
pub fn fresh_id() -> UploadId {
    Ambient::system().upload_id()
}

/// The owner whom the golden events' issuer calls `subject`.
#[must_use]
pub fn owner(subject: &str) -> OwnerId {
    OwnerId::from_claims(ISSUER, subject).expect("a subject")
}

/// Where upload `id` of `subject` lies.
#[must_use]
pub fn key(subject: &str, id: UploadId) -> ObjectKey {
    ObjectKey::new(owner(subject), id)
}

/// The environment of a function in tests, with `extra` variables over it.
#[must_use]
pub fn config(extra: &[(&str, &str)]) -> Config {
    let usual = [
        ("BUCKET", BUCKET),
        ("TABLE", "sluice-example"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "session/token+example=="),
    ];
    let lookup = |name: &str| {
        let all = extra.iter().chain(&usual);
        all.copied().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    };
    Config::from_lookup(lookup, || None).expect("a usable environment")
}

/// A grant for a PNG of `size` bytes in the default class.
#[must_use]
pub fn grant(owner: &OwnerId, size: u64) -> Grant {
    Grant {
        owner: owner.clone(),
        class: "default".to_owned(),
        filename: FileName::parse("photo.png").expect("a name"),
        content_type: MediaType::parse("image/png").expect("a type"),
        size: SizeGrant::Exactly(ByteSize::from_bytes(size)),
        checksum: None,
        metadata: BTreeMap::new(),
        policy_hash: "0123456789abcdef".to_owned(),
    }
}

/// How `size` bytes are cut where nothing else is said.
#[must_use]
pub fn sized_plan(size: u64) -> PartPlan {
    PartPlan::sized(ByteSize::from_bytes(size), ByteSize::from_bytes(8 << 20), StoreLimits::S3).expect("a plan")
}

/// A session for `size` bytes at `key` that S3 was not asked about yet.
#[must_use]
pub fn session_of(key: &ObjectKey, size: u64) -> Session {
    let terms =
        Terms { url_life: Duration::from_mins(15), session_life: Duration::from_hours(7 * 24), part_checksum: None };
    Session::new(key.clone(), grant(key.owner(), size), sized_plan(size), terms, now())
}

/// The golden events of one function, by file name without `.json`.
#[must_use]
pub fn golden_events(function: &str) -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(function);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    files
        .map(|file| {
            let path = file.expect("a readable folder").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8").to_owned();
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let event = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            (name, event)
        })
        .collect()
}

#[cfg(test)]
mod tests;
