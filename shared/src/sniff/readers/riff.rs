//! RIFF: WAV, AVI, WebP and their like.

use super::extras::after_end;
use super::pixels;
use crate::sniff::bytes::{array, find, has, le32, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

pub(super) fn test(head: &[u8]) -> bool {
    (has(head, 0, b"RIFF") || has(head, 0, b"RIFX") || has(head, 0, b"RF64")) && head.len() >= 12
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    let form = part(head, 8, 4);
    let (kind, needs): (&'static str, &[u8]) = match form {
        b"WAVE" => ("audio/wav", b"fmt "),
        b"AVI " => ("video/x-msvideo", b"hdrl"),
        b"WEBP" => ("image/webp", b"VP8"),
        b"ACON" => ("application/x-navi-animation", b"anih"),
        b"RMID" => ("audio/midi", b"MThd"),
        b"CDR4" | b"CDR5" | b"CDR6" | b"CDR7" | b"CDR8" | b"CDR9" | b"CDRA" | b"CDRB" | b"CDRC" | b"CDRD" => {
            ("application/vnd.corel-draw", b"")
        }
        _ => {
            report.is("application/x-riff", Confidence::Signature);
            return Ok(());
        }
    };
    report.is(kind, Confidence::Signature);
    // The chunk that says what the data is. Not at a fixed place: WAV files may begin with JUNK, bext or LIST.
    if !needs.is_empty() && find(head, needs).is_none() {
        report.find(FindingCode::Stub, "no format chunk");
        return Ok(());
    }
    report.is(kind, Confidence::Structural);
    if kind == "image/webp" {
        webp(source, head, report);
    }
    length(source, report, head, kind)
}

fn webp(source: &Source, head: &[u8], report: &mut Report) {
    let (width, height) = match part(head, 12, 4) {
        b"VP8X" => {
            let le24 = |at| array::<3>(head, at).map(|[a, b, c]| u64::from(u32::from_le_bytes([a, b, c, 0])) + 1);
            (le24(24), le24(27))
        }
        // Lossy and lossless WebP hold 14 bits a side: at most 2^28 pixels, which is no bomb.
        _ => return,
    };
    if let (Some(width), Some(height)) = (width, height) {
        pixels::check(report, source.size(), width, height);
    }
}

fn length(source: &Source, report: &mut Report, head: &[u8], kind: &str) -> Result<(), Need> {
    // RF64 and streamed files write a placeholder here, and a big-endian RIFX is too rare to walk.
    let Some(len @ 1..=0xffff_fffe) = le32(head, 4).filter(|_| has(head, 0, b"RIFF")) else { return Ok(()) };
    let end = u64::from(len) + 8;
    let end = end + (end & 1);
    if end.saturating_sub(1) > source.size() {
        // AVI and WAV recorders that were cut off still play; a picture does not.
        report.find(FindingCode::Truncated, "chunk runs past the end");
    } else if end < source.size() && kind != "video/x-msvideo" {
        // AVI continues in further RIFF chunks (OpenDML).
        let rest = source.size() - end;
        let tail = source.tail(rest.min(WINDOW))?;
        after_end(report, tail);
    }
    Ok(())
}
