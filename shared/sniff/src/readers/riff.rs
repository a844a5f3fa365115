//! RIFF containers: WAV, AVI, WebP and others.

use super::pixels;
use super::second_file::check_trailing_bytes;
use crate::bytes::{array, find, has_at, le32, slice_at};
use crate::readers::prelude::*;

pub(crate) fn recognises(head: &[u8]) -> bool {
    (has_at(head, 0, b"RIFF") || has_at(head, 0, b"RIFX") || has_at(head, 0, b"RF64")) && head.len() >= 12
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    let form = slice_at(head, 8, 4);
    // The chunk that makes it this format, and the chunks with its content.
    let (kind, required_chunk, content): (&'static str, &[u8], &[&[u8]]) = match form {
        b"WAVE" => ("audio/wav", b"fmt ", &[b"data", b"wavl"]),
        b"AVI " => ("video/x-msvideo", b"hdrl", &[b"movi"]),
        b"WEBP" => ("image/webp", b"VP8", &[b"VP8 ", b"VP8L", b"ANMF"]),
        b"ACON" => ("application/x-navi-animation", b"anih", &[]),
        b"RMID" => ("audio/midi", b"MThd", &[]),
        b"CDR4" | b"CDR5" | b"CDR6" | b"CDR7" | b"CDR8" | b"CDR9" | b"CDRA" | b"CDRB" | b"CDRC" | b"CDRD" => {
            ("application/vnd.corel-draw", b"", &[])
        }
        _ => {
            report.set_type("application/x-riff", Confidence::Signature);
            return Ok(());
        }
    };
    report.set_type(kind, Confidence::Signature);
    // The chunk is not at a fixed offset: WAV files can begin with JUNK, bext or LIST.
    if !required_chunk.is_empty() && find(head, required_chunk).is_none() {
        return report.end_with(FindingCode::Stub, "no format chunk");
    }
    report.set_type(kind, Confidence::Structural);
    if kind == "image/webp" {
        check_webp_size(source, head, report);
    }
    if !content.is_empty() && has_at(head, 0, b"RIFF") {
        check_content(source, content, report)?;
    }
    check_length(source, report, head, kind)
}

/// The maximum number of chunks walked before the content.
const MAX_CHUNKS: u32 = 64;

/// Searches for a chunk with content, and adds a finding if there is none.
fn check_content(source: &Source, content: &[&[u8]], report: &mut Report) -> Result<(), MissingRange> {
    let mut at = 12u64;
    for _ in 0..MAX_CHUNKS {
        let Some(chunk) = source.get_within_target(at, 12)? else { break };
        let Some(len) = le32(chunk, 4) else {
            return report.end_with(FindingCode::Stub, "no content");
        };
        let is_list = has_at(chunk, 0, b"LIST");
        if content.contains(&slice_at(chunk, if is_list { 8 } else { 0 }, 4)) {
            let data = source.peek(at.saturating_add(8), 6);
            // The start code of a key frame, or the signature of the lossless format.
            let starts = match slice_at(chunk, 0, 4) {
                b"VP8 " => has_at(data, 3, b"\x9d\x01\x2a") || data.len() < 6,
                b"VP8L" => has_at(data, 0, b"\x2f") || data.is_empty(),
                _ => true,
            };
            if !starts {
                report.add_finding(FindingCode::Malformed, "no picture data in its chunk");
            }
            return Ok(());
        }
        let is_name = slice_at(chunk, 0, 4).iter().all(|b| (0x20..0x7f).contains(b));
        if !is_name {
            return report.end_with(FindingCode::Malformed, "an invalid chunk before the content");
        }
        at = at.saturating_add(8 + u64::from(len) + u64::from(len & 1));
    }
    report.add_finding(FindingCode::UnscannableMiddle, "the content was not reached");
    Ok(())
}

fn check_webp_size(source: &Source, head: &[u8], report: &mut Report) {
    let (width, height) = match slice_at(head, 12, 4) {
        b"VP8X" => {
            let le24 = |at| array::<3>(head, at).map(|[a, b, c]| u64::from(u32::from_le_bytes([a, b, c, 0])) + 1);
            (le24(24), le24(27))
        }
        // The other formats have 14 bits per side: at most 2^28 pixels, the limit of `pixels`.
        _ => return,
    };
    if let (Some(width), Some(height)) = (width, height) {
        pixels::check(report, source.size(), width, height);
    }
}

fn check_length(source: &Source, report: &mut Report, head: &[u8], kind: &str) -> Result<(), MissingRange> {
    // RF64 and streamed files have a placeholder here. Big-endian RIFX is too rare to support.
    let Some(len @ 1..=0xffff_fffe) = le32(head, 4).filter(|_| has_at(head, 0, b"RIFF")) else { return Ok(()) };
    let end = u64::from(len) + 8;
    let end = end + (end & 1);
    if end.saturating_sub(1) > source.size() {
        report.add_finding(FindingCode::Truncated, "the chunk ends after the object");
    } else if end < source.size() && kind != "video/x-msvideo" {
        // AVI files can continue in further RIFF chunks (OpenDML 1.02, 1996).
        let trailing = source.size() - end;
        let tail = source.tail(trailing.min(WINDOW_BYTES))?;
        check_trailing_bytes(report, tail);
    }
    Ok(())
}
