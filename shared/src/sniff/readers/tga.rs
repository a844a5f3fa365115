//! Truevision TGA, the picture format without a signature: its fields must agree, or its footer be there.

use crate::sniff::Confidence;
use crate::sniff::bytes::{le16, rfind};
use crate::sniff::report::{Report, UNKNOWN};
use crate::sniff::source::{Need, Source, WINDOW};

const FOOTER: &[u8] = b"TRUEVISION-XFILE.\0";

/// Every header field in the range the format allows: about one random file in 2^28 passes.
pub(super) fn test(head: &[u8]) -> bool {
    let Some(&[_, map, kind]) = head.get(..3) else { return false };
    let Some((&depth, &flags)) = head.get(16).zip(head.get(17)) else { return false };
    let sides = le16(head, 12).zip(le16(head, 14));
    let (Some(origin), Some(length), Some(&entry)) = (le16(head, 3), le16(head, 5), head.get(7)) else { return false };
    let mapped =
        matches!((map, kind, entry), (1, 1 | 9, 15 | 16 | 24 | 32)) && (1..=256).contains(&length) && depth == 8;
    let direct = map == 0
        && length == 0
        && origin == 0
        && entry <= 32
        && matches!((kind, depth), (2 | 10, 15 | 16 | 24 | 32) | (3 | 11, 8 | 16));
    // A true-colour picture may bring a palette along as a suggestion.
    let hinted = map == 1 && matches!((kind, depth), (2 | 10, 16 | 24 | 32)) && matches!(entry, 15 | 16 | 24 | 32);
    (mapped || direct || hinted) && sides.is_some_and(|(w, h)| w > 0 && h > 0) && flags & 0xc0 == 0
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let signed = rfind(source.tail(64)?, FOOTER).is_some();
    report.is("image/x-tga", if signed { Confidence::Structural } else { Confidence::Heuristic });
    Ok(())
}

/// The second version of the format ends with its name.
pub(super) fn by_footer(source: &Source, report: &mut Report) -> Result<(), Need> {
    if report.media_type == UNKNOWN && rfind(source.tail(WINDOW)?, FOOTER).is_some() {
        report.is("image/x-tga", Confidence::Structural);
    }
    Ok(())
}
