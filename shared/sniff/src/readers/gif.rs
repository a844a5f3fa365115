//! GIF (version 89a of the specification, 1990).

use super::pixels;
use super::second_file::check_trailing_bytes;
use crate::bytes::{has_at, le16, slice_at, to_u64};
use crate::readers::prelude::*;

pub(crate) fn recognises(head: &[u8]) -> bool {
    has_at(head, 0, b"GIF87a") || has_at(head, 0, b"GIF89a")
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    source.get(0, WINDOW_BYTES)?;
    // On a second run the head can be longer than the first window.
    let head = source.head();
    report.set_type("image/gif", Confidence::Signature);
    let (Some(width), Some(height), Some(&flags)) = (le16(head, 6), le16(head, 8), head.get(10)) else {
        return report.end_with(FindingCode::Stub, "no screen descriptor");
    };
    pixels::check(report, source.size(), width.into(), height.into());
    let table = if flags & 0x80 == 0 { 0 } else { 3usize << ((flags & 7) + 1) };
    match walk_blocks(head, 13 + table) {
        Walk::Ended { at, images } => {
            report.set_type("image/gif", Confidence::Structural);
            if images == 0 {
                report.add_finding(FindingCode::Stub, "no image");
            }
            check_trailing_bytes(report, source.get(to_u64(at), WINDOW_BYTES)?);
        }
        Walk::Incomplete { between_blocks: true, images: 1.. } if source.is_fully_read() => {
            report.set_type("image/gif", Confidence::Structural);
            report.add_finding(FindingCode::NoEndMark, "no trailer");
        }
        Walk::Incomplete { .. } if source.is_fully_read() => {
            report.set_type("image/gif", Confidence::Structural);
            report.add_finding(FindingCode::Truncated, "the object ends within a block");
        }
        Walk::Incomplete { images, .. } => {
            report.set_type("image/gif", Confidence::Structural);
            if images == 0 {
                report.add_finding(FindingCode::UnscannableMiddle, "no image in the first window");
            }
            let tail = source.tail(WINDOW_BYTES)?;
            // The last `00 3B` is most likely a block terminator and the trailer.
            match tail.windows(2).rposition(|pair| pair == [0, 0x3b]) {
                Some(at) => check_trailing_bytes(report, slice_at(tail, at + 2, tail.len())),
                None => report.add_finding(FindingCode::Truncated, "no trailer"),
            }
        }
        Walk::Invalid { first: true } => report.add_finding(FindingCode::Malformed, "no valid block after the header"),
        Walk::Invalid { first: false } if source.is_fully_read() => {
            report.add_finding(FindingCode::Malformed, "an unknown block");
        }
        Walk::Invalid { first: false } => {
            report.add_finding(FindingCode::UnscannableMiddle, "an unknown block in the first window");
        }
    }
    Ok(())
}

enum Walk {
    /// The trailer is before the offset `at`.
    Ended { at: usize, images: u32 },
    /// The blocks continue after the head, which ends between two blocks or within one.
    Incomplete { between_blocks: bool, images: u32 },
    /// An unknown block; `first` if it is the first one.
    Invalid { first: bool },
}

fn walk_blocks(head: &[u8], mut at: usize) -> Walk {
    let cut = |images| Walk::Incomplete { between_blocks: false, images };
    let mut images = 0u32;
    let mut first = true;
    loop {
        match head.get(at) {
            None => return Walk::Incomplete { between_blocks: at == head.len(), images },
            Some(0x3b) => return Walk::Ended { at: at + 1, images },
            Some(0x21) => at += 2,
            Some(0x2c) => {
                let Some(&flags) = head.get(at + 9) else { return cut(images) };
                let table = if flags & 0x80 == 0 { 0 } else { 3usize << ((flags & 7) + 1) };
                at += 11 + table;
                // The first byte is the length of the first part of the picture data.
                images += u32::from(head.get(at).is_some_and(|&len| len > 0));
            }
            // Some encoders write zeros between blocks, and decoders skip them.
            Some(0) if !first => {
                at += 1;
                continue;
            }
            Some(_) => return Walk::Invalid { first },
        }
        first = false;
        loop {
            match head.get(at) {
                None => return cut(images),
                Some(0) => break,
                Some(&len) => at += 1 + usize::from(len),
            }
        }
        at += 1;
    }
}
