//! GIF.

use super::extras::after_end;
use super::pixels;
use crate::sniff::bytes::{has, le16, part, size};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

pub(super) fn test(head: &[u8]) -> bool {
    has(head, 0, b"GIF87a") || has(head, 0, b"GIF89a")
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    source.get(0, WINDOW)?;
    // More than the first window, where more has been read by now: the walk sees as far as can be seen.
    let head = source.head();
    report.is("image/gif", Confidence::Signature);
    let (Some(width), Some(height), Some(&flags)) = (le16(head, 6), le16(head, 8), head.get(10)) else {
        report.find(FindingCode::Stub, "no screen descriptor");
        return Ok(());
    };
    pixels::check(report, source.size(), width.into(), height.into());
    let table = if flags & 0x80 == 0 { 0 } else { 3usize << ((flags & 7) + 1) };
    match walk(head, 13 + table) {
        Walk::Ended { at, images } => {
            report.is("image/gif", Confidence::Structural);
            if images == 0 {
                report.find(FindingCode::Stub, "no image");
            }
            after_end(report, source.get(size(at), WINDOW)?);
        }
        Walk::Leaves if source.whole() => {
            report.is("image/gif", Confidence::Structural);
            report.find(FindingCode::Truncated, "ends within a block");
        }
        Walk::Leaves => {
            report.is("image/gif", Confidence::Structural);
            let tail = source.tail(WINDOW)?;
            // Without walking every block the end is only a guess: the last `00 3B` is a block's end and the trailer.
            match tail.windows(2).rposition(|pair| pair == [0, 0x3b]) {
                Some(at) => after_end(report, part(tail, at + 2, tail.len())),
                None => report.find(FindingCode::Truncated, "no trailer"),
            }
        }
        Walk::Broken { first: true } => report.find(FindingCode::Malformed, "no block after the header"),
        Walk::Broken { first: false } if source.whole() => report.find(FindingCode::Malformed, "a block of no kind"),
        Walk::Broken { first: false } => {}
    }
    Ok(())
}

enum Walk {
    Ended { at: usize, images: u32 },
    Leaves,
    Broken { first: bool },
}

fn walk(head: &[u8], mut at: usize) -> Walk {
    let mut images = 0u32;
    let mut first = true;
    loop {
        match head.get(at) {
            None => return Walk::Leaves,
            Some(0x3b) => return Walk::Ended { at: at + 1, images },
            Some(0x21) => at += 2,
            Some(0x2c) => {
                images += 1;
                let Some(&flags) = head.get(at + 9) else { return Walk::Leaves };
                let table = if flags & 0x80 == 0 { 0 } else { 3usize << ((flags & 7) + 1) };
                at += 11 + table;
            }
            // Encoders that pad between blocks exist, and every decoder skips the zeros.
            Some(0) if !first => {
                at += 1;
                continue;
            }
            Some(_) => return Walk::Broken { first },
        }
        first = false;
        loop {
            match head.get(at) {
                None => return Walk::Leaves,
                Some(0) => break,
                Some(&len) => at += 1 + usize::from(len),
            }
        }
        at += 1;
    }
}
