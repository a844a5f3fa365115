//! Truevision TGA (specification 2.0, 1991). It has no signature at the start, so the header fields must be consistent,
//! or the footer of version 2 must be present.

use crate::bytes::{le16, rfind};
use crate::report::Report;
use crate::sniffed::{Confidence, UNKNOWN};
use crate::source::{MissingRange, Source, WINDOW_BYTES};

const FOOTER: &[u8] = b"TRUEVISION-XFILE.\0";

/// Whether every header field is in its valid range. About one random file in 2^28 passes.
pub(crate) fn recognises(head: &[u8]) -> bool {
    let Some(&[_, map, kind]) = head.get(..3) else { return false };
    let Some((&depth, &flags)) = head.get(16).zip(head.get(17)) else { return false };
    let dimensions = le16(head, 12).zip(le16(head, 14));
    let (Some(origin), Some(length), Some(&entry)) = (le16(head, 3), le16(head, 5), head.get(7)) else { return false };
    let mapped =
        matches!((map, kind, entry), (1, 1 | 9, 15 | 16 | 24 | 32)) && (1..=256).contains(&length) && depth == 8;
    let direct = map == 0
        && length == 0
        && origin == 0
        && entry <= 32
        && matches!((kind, depth), (2 | 10, 15 | 16 | 24 | 32) | (3 | 11, 8 | 16));
    // A true-colour picture can contain a palette for displays with fewer colours.
    let direct_with_palette =
        map == 1 && matches!((kind, depth), (2 | 10, 16 | 24 | 32)) && matches!(entry, 15 | 16 | 24 | 32);
    (mapped || direct || direct_with_palette) && dimensions.is_some_and(|(w, h)| w > 0 && h > 0) && flags & 0xc0 == 0
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let has_footer = rfind(source.tail(64)?, FOOTER).is_some();
    report.set_type("image/x-tga", if has_footer { Confidence::Structural } else { Confidence::Heuristic });
    Ok(())
}

/// Sets the type of an unrecognised object that has the footer.
pub(crate) fn read_footer(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    if report.media_type == UNKNOWN && rfind(source.tail(WINDOW_BYTES)?, FOOTER).is_some() {
        report.set_type("image/x-tga", Confidence::Structural);
    }
    Ok(())
}
