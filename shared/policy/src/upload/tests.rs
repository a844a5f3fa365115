//! Later versions of an upload, and the order of events.

use super::*;
use crate::key::{OwnerId, UploadId};
use proptest::prelude::*;

fn key() -> ObjectKey {
    ObjectKey::new(OwnerId::open(), UploadId::new(Timestamp::UNIX_EPOCH, [0; 10]))
}

fn validated(outcome: Outcome) -> Record {
    Record::Validated(Box::new(ValidatedUpload {
        key: key(),
        bucket: "b".to_owned(),
        version: "v1".to_owned(),
        sequencer: None,
        outcome,
        reasons: Vec::new(),
        findings: Vec::new(),
        granted: None,
        size: ByteSize::ZERO,
        content_type: "image/png".to_owned(),
        checksum: None,
        judged_at: Timestamp::UNIX_EPOCH,
    }))
}

#[test]
fn later_versions_do_not_change_the_verdict() {
    use VersionDisposition::{Delete, Foreign, Keep};
    let (accepted, rejected) = (validated(Outcome::Accepted), validated(Outcome::Rejected));
    for (record, version, has_grant, keep_rejected, expected) in [
        (&accepted, "v1", true, false, Keep),
        (&accepted, "v1", false, false, Keep),
        (&accepted, "v2", true, false, Delete),
        (&accepted, "v2", false, false, Foreign),
        (&rejected, "v1", true, false, Delete),
        (&rejected, "v1", true, true, Keep),
        (&rejected, "v2", true, true, Delete),
        (&rejected, "v2", false, false, Delete),
        (&Record::Deleting(key()), "v1", true, true, Delete),
        (&Record::Deleted(key()), "v1", false, true, Delete),
    ] {
        assert_eq!(
            disposition(record, version, has_grant, keep_rejected),
            expected,
            "{record:?} {version} {has_grant} {keep_rejected}"
        );
    }
}

#[test]
fn normalised_sequencers_sort_as_text() {
    let normal = |text| normalised_sequencer(text).unwrap();
    assert_eq!(normal("0055AED6DCD90281E5"), normal("0055aed6dcd90281e50"));
    assert!(normal("617f08299329d189") < normal("617f08299329d18901"));
    assert_eq!(normalised_sequencer(""), None);
    assert_eq!(normalised_sequencer("xyz"), None);
    assert_eq!(normalised_sequencer(&"0".repeat(33)), None);
}

proptest! {
    #[test]
    fn normalising_keeps_the_order(a in "[0-9a-f]{1,32}", b in "[0-9a-f]{1,32}") {
        let width = a.len().max(b.len());
        let pad = |text: &str| format!("{text:0<width$}");
        let normal = |text: &str| normalised_sequencer(text).unwrap();
        prop_assert_eq!(pad(&a).cmp(&pad(&b)), normal(&a).cmp(&normal(&b)));
    }
}
