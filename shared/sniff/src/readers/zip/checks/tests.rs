//! Checks of entries and their names.

use super::*;
use crate::readers::zip::directory::Entry;

#[test]
fn a_large_unpacked_size_is_a_bomb_only_at_a_high_ratio() {
    for (packed, unpacked, expected) in [
        (1_000_000_000, 100_000_000_000, None),
        (1_000_000_000, 100_000_000_001, Some(FindingCode::LargeContents)),
        (1_000_000_000_000_000, u64::MAX, Some(FindingCode::BombSize)),
        (1_000_000_000_000_000, 200_000_000_000_000_000, Some(FindingCode::LargeContents)),
        (1_000_000, 201_000_000, Some(FindingCode::BombSize)),
        (0, 4 * 1024 * 1024, None),
    ] {
        let entry = Entry { name: b"a", flags: 0, method: 8, packed, unpacked, offset: 0, mode: 0 };
        let mut report = Report::new();
        entries(&Directory { entries: vec![entry] }, u64::MAX, 1, false, &mut report);
        assert_eq!(report.findings.first().map(|finding| finding.code), expected, "{packed} to {unpacked}");
    }
}
