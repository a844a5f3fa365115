//! Audio without a container: MPEG layers I to III and AAC in ADTS, with or without `ID3v2` tags.

use super::leading::add_finding as add_leading_bytes;
use crate::bytes::{be16, has_at, slice_at, to_usize};
use crate::readers::prelude::*;

pub(crate) fn recognises(head: &[u8]) -> bool {
    has_id3_tag(head) || Frame::at(head, 0).is_some_and(|frame| frame.is_confirmed(head, 0))
}

fn has_id3_tag(head: &[u8]) -> bool {
    has_at(head, 0, b"ID3") && head.get(3).is_some_and(|&major| major < 10)
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    if let Some(frame) = Frame::at(head, 0).filter(|_| !has_id3_tag(head)) {
        report.set_type(frame.kind, Confidence::Structural);
        return Ok(());
    }
    report.set_type("audio/mpeg", Confidence::Signature);
    let mut start = 0u64;
    // Two tags in a row occur in files of real tagging programs, more do not.
    for _ in 0..3 {
        let Some(tag) = source.get_within_target(start, 10)? else { return Ok(()) };
        if !has_at(tag, 0, b"ID3") {
            break;
        }
        start = start.saturating_add(tag_length(tag));
    }
    if start >= source.size() {
        return report.end_with(FindingCode::Truncated, "the tag ends after the object");
    }
    for len in [2048, WINDOW_BYTES] {
        let Some(data) = source.get_within_target(start, len)? else { break };
        if set_type_after_tag(data, report) {
            return Ok(());
        }
    }
    if source.size() - start <= WINDOW_BYTES {
        report.add_finding(FindingCode::Stub, "no audio after the tag");
    } else {
        report.add_finding(FindingCode::UnscannableMiddle, "no audio in the first 16 KiB after the tag");
    }
    Ok(())
}

/// Sets the type of an unrecognised object that has MPEG frames after junk. Players skip to the first frame, for example
/// in a recorded stream.
pub(crate) fn read_after_junk(source: &Source, report: &mut Report) {
    let head = slice_at(source.head(), 0, to_usize(WINDOW_BYTES));
    if report.confidence == Confidence::None
        && let Some(at) = find_frames(head).filter(|&at| at > 0)
    {
        report.set_type("audio/mpeg", Confidence::Structural);
        add_leading_bytes(slice_at(head, 0, at), report);
    }
}

/// The offset of the first of [`MIN_FRAMES`] MPEG frames in a row.
fn find_frames(data: &[u8]) -> Option<usize> {
    memchr::memchr_iter(0xff, data).find(|&start| {
        let mut at = start;
        let Some(first) = Frame::at(data, at).filter(|frame| frame.kind == "audio/mpeg") else { return false };
        (0..MIN_FRAMES).all(|_| {
            let frame = Frame::at(data, at).filter(|frame| frame.fixed == first.fixed);
            at += frame.as_ref().map_or(0, |frame| frame.length);
            frame.is_some()
        })
    })
}

/// The length of a tag in bytes. The field has seven bits per byte, so that it never contains a sync pattern
/// ([`ID3v2.4`](https://id3.org/id3v2.4.0-structure), section 3.1, 2000).
fn tag_length(tag: &[u8]) -> u64 {
    let digits = slice_at(tag, 6, 4).iter().fold(0u64, |sum, &b| (sum << 7) | u64::from(b & 0x7f));
    let footer = if tag.get(5).is_some_and(|flags| flags & 0x10 != 0) { 10 } else { 0 };
    10 + digits + footer
}

/// Sets the type by the format after a tag. `false` if no audio is there.
fn set_type_after_tag(data: &[u8], report: &mut Report) -> bool {
    // Tagging programs write padding after the declared length.
    let skip = data.iter().take_while(|&&b| b == 0).count();
    let data = slice_at(data, skip, data.len());
    let kind = match () {
        () if has_at(data, 0, b"fLaC") => "audio/flac",
        () if has_at(data, 0, b"MAC ") => "audio/x-ape",
        () if has_at(data, 0, b"wvpk") => "audio/x-wavpack",
        () if has_at(data, 0, b"MPCK") || has_at(data, 0, b"MP+") => "audio/x-musepack",
        () if has_at(data, 0, b"TTA1") => "audio/x-tta",
        () if has_at(data, 0, b"RIFF") => "audio/wav",
        () if has_at(data, 0, b"FORM") => "audio/aiff",
        () if has_at(data, 0, b"DSD ") => "audio/x-dsf",
        () => match Frame::at(data, 0) {
            Some(frame) => frame.kind,
            None if find_frames(data).is_some() => "audio/mpeg",
            None => return false,
        },
    };
    report.set_type(kind, Confidence::Structural);
    true
}

/// A frame header.
struct Frame {
    kind: &'static str,
    /// The length of the frame in bytes, with its header.
    length: usize,
    /// The header fields that all frames of a file share: version, layer and sampling rate.
    fixed: u16,
}

/// The number of frames in a row that are evidence without a signature.
const MIN_FRAMES: usize = 4;

/// Bit rates in kbit/s by index: MPEG-1 layers I, II and III, MPEG-2 layer I, MPEG-2 layers II and III (ISO/IEC
/// 11172-3, 1993, and 13818-3, 1998).
const BIT_RATES: [[u16; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

impl Frame {
    fn at(data: &[u8], at: usize) -> Option<Self> {
        let sync = be16(data, at)?;
        let third = *data.get(at + 2)?;
        // ADTS: twelve set bits and layer 0 (ISO/IEC 13818-7, 2006).
        if sync & 0xfff6 == 0xfff0 {
            let high = usize::from(*data.get(at + 3)? & 3) << 11;
            let middle = usize::from(*data.get(at + 4)?) << 3;
            let low = usize::from(*data.get(at + 5)?) >> 5;
            let length = high | middle | low;
            return ((third >> 2) & 15 < 13 && length >= 7).then_some(Self {
                kind: "audio/aac",
                length,
                fixed: u16::from((third >> 2) & 15),
            });
        }
        if sync & 0xffe0 != 0xffe0 {
            return None;
        }
        let (version, layer) = ((sync >> 3) & 3, (sync >> 1) & 3);
        let (rate, sampling) = (usize::from(third >> 4), usize::from((third >> 2) & 3));
        if version == 1 || layer == 0 || sampling == 3 || rate == 0 {
            return None;
        }
        let class = match (version, layer) {
            (3, 3) => 0,
            (3, 2) => 1,
            (3, _) => 2,
            (_, 3) => 3,
            _ => 4,
        };
        let bits = u32::from(*BIT_RATES.get(class)?.get(rate)?) * 1000;
        let hertz = [44_100u32, 48_000, 32_000].get(sampling)? >> [2u32, 0, 1, 0].get(usize::from(version))?;
        let padding = u32::from((third >> 1) & 1);
        let length = match (layer, version) {
            (3, _) => (12 * bits / hertz + padding) * 4,
            (1, 0 | 2) => 72 * bits / hertz + padding,
            _ => 144 * bits / hertz + padding,
        };
        Some(Self {
            kind: "audio/mpeg",
            length: usize::try_from(length).ok()?,
            fixed: (sync & 0xfffe) << 2 | u16::from(third >> 2) & 3,
        })
    }

    /// Whether a second frame follows, or the data ends with the frame. Two sync bytes alone occur by chance: they are
    /// also a byte order mark.
    fn is_confirmed(&self, data: &[u8], at: usize) -> bool {
        let next = at + self.length;
        // `TAG` begins an ID3v1 tag, the last 128 bytes of a file.
        next == data.len()
            || has_at(data, next, b"TAG")
            || Self::at(data, next).is_some_and(|frame| frame.kind == self.kind && frame.fixed == self.fixed)
    }
}
