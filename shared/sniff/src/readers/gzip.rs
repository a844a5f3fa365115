//! gzip, with the first bytes of its content.

use super::inflate::{InflateEnd, inflate_to_end};
use super::second_file::check_trailing_bytes;
use super::{executable, zip};
use crate::bytes::{find, find_ignore_case, has_at, le16, slice_at};
use crate::readers::prelude::*;

/// The number of bytes inflated: a tar header, or the start of an SVG.
const PREVIEW_BYTES: usize = 2048;

pub(crate) fn recognises(head: &[u8]) -> bool {
    // The signature has three bytes, so the reserved flags must be zero.
    has_at(head, 0, b"\x1f\x8b\x08") && head.get(3).is_none_or(|flags| flags & 0xe0 == 0)
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    report.set_type("application/gzip", Confidence::Signature);
    if source.size() < 18 {
        return report.end_with(FindingCode::Stub, "too short for a gzip header and trailer");
    }
    let Some(data) = payload(head) else { return Ok(()) };
    let packed = slice_at(head, data, head.len());
    let (inside, end) = inflate_to_end(packed, PREVIEW_BYTES);
    match end {
        InflateEnd::Invalid => report.add_finding(FindingCode::Malformed, "invalid compressed data"),
        InflateEnd::Data(end) => {
            // A checksum and a length follow, then the end or another member.
            let after = slice_at(packed, end + 8, packed.len());
            if !recognises(after) {
                check_trailing_bytes(report, after);
            }
        }
        InflateEnd::Limit => {}
    }
    if inside.is_empty() {
        // An empty file is packed into 20 bytes and its name.
        if source.size() > 2048 {
            report.add_finding(FindingCode::Malformed, "no valid compressed data");
        } else {
            report.confidence = Confidence::Structural;
        }
        return Ok(());
    }
    report.confidence = Confidence::Structural;
    if executable::recognises(&inside) || has_at(&inside, 0, b"MZ") {
        report.add_finding(FindingCode::ExecutableInside, "a program inside gzip");
    } else if zip::recognises(&inside)
        || recognises(&inside)
        || has_at(&inside, 0, b"Rar!")
        || has_at(&inside, 0, b"7z\xbc\xaf")
    {
        report.add_finding(FindingCode::NestedArchive, "an archive inside gzip");
    } else if find_ignore_case(&inside, b"<svg").is_some() && !has_at(&inside, 257, b"ustar") {
        report.set_type_with_parent("image/svg+xml-compressed", "application/gzip", Confidence::Structural);
        if find_ignore_case(&inside, b"<script").is_some() || find_ignore_case(&inside, b"onload").is_some() {
            report.add_finding(FindingCode::ActiveContent, "script in compressed SVG");
        } else {
            report.add_finding(FindingCode::UnscannableMiddle, "an SVG inside gzip is not read completely");
        }
    }
    Ok(())
}

/// The offset of the compressed data, after the optional fields (RFC 1952, section 2.3, 1996).
fn payload(head: &[u8]) -> Option<usize> {
    let flags = *head.get(3)?;
    let mut at = 10usize;
    if flags & 4 != 0 {
        at = at + 2 + usize::from(le16(head, at)?);
    }
    for bit in [8, 16] {
        if flags & bit != 0 {
            at = at + find(head.get(at..)?, b"\0")? + 1;
        }
    }
    Some(if flags & 2 != 0 { at + 2 } else { at })
}
