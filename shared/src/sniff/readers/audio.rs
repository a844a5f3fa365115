//! Audio without a container: MPEG layers I to III, AAC in ADTS, behind `ID3v2` tags or bare.

use crate::sniff::bytes::{be16, has, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

pub(super) fn test(head: &[u8]) -> bool {
    id3(head) || Frame::at(head, 0).is_some_and(|frame| frame.confirmed(head, 0))
}

fn id3(head: &[u8]) -> bool {
    has(head, 0, b"ID3") && head.get(3).is_some_and(|&major| major < 10)
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    if let Some(frame) = Frame::at(head, 0) {
        report.is(frame.kind, Confidence::Structural);
        return Ok(());
    }
    report.is("audio/mpeg", Confidence::Signature);
    let mut start = 0u64;
    // Tags may follow each other; more than two are no longer somebody's tagging program.
    for _ in 0..3 {
        let Some(tag) = source.spare(start, 10)? else { return Ok(()) };
        if !has(tag, 0, b"ID3") {
            break;
        }
        start = start.saturating_add(tag_length(tag));
    }
    if start >= source.size() {
        report.find(FindingCode::Truncated, "the tag runs past the end");
        return Ok(());
    }
    let Some(data) = source.spare(start, 2048)? else { return Ok(()) };
    behind(data, report);
    Ok(())
}

/// The tag's size is written in seven bits a byte, so that no sync pattern occurs in it (`ID3v2.4`, section 3.1, 2000).
fn tag_length(tag: &[u8]) -> u64 {
    let digits = part(tag, 6, 4).iter().fold(0u64, |sum, &b| (sum << 7) | u64::from(b & 0x7f));
    let footer = if tag.get(5).is_some_and(|flags| flags & 0x10 != 0) { 10 } else { 0 };
    10 + digits + footer
}

fn behind(data: &[u8], report: &mut Report) {
    // Taggers pad with zeros beyond what they declare.
    let skip = data.iter().take_while(|&&b| b == 0).count();
    let data = part(data, skip, data.len());
    let kind = match () {
        () if has(data, 0, b"fLaC") => "audio/flac",
        () if has(data, 0, b"MAC ") => "audio/x-ape",
        () if has(data, 0, b"wvpk") => "audio/x-wavpack",
        () if has(data, 0, b"MPCK") || has(data, 0, b"MP+") => "audio/x-musepack",
        () if has(data, 0, b"TTA1") => "audio/x-tta",
        () if has(data, 0, b"RIFF") => "audio/wav",
        () if has(data, 0, b"FORM") => "audio/aiff",
        () if has(data, 0, b"DSD ") => "audio/x-dsf",
        () => match Frame::at(data, 0) {
            Some(frame) => frame.kind,
            None => return,
        },
    };
    report.is(kind, Confidence::Structural);
}

/// One frame header.
struct Frame {
    kind: &'static str,
    length: usize,
}

/// Kilobits a second by index, for the classes of MPEG-1 (layers I, II, III) and MPEG-2 (I, then II and III).
const RATES: [[u16; 15]; 5] = [
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
        // ADTS: twelve set bits and a layer of 0.
        if sync & 0xfff6 == 0xfff0 {
            let high = usize::from(*data.get(at + 3)? & 3) << 11;
            let middle = usize::from(*data.get(at + 4)?) << 3;
            let low = usize::from(*data.get(at + 5)?) >> 5;
            let length = high | middle | low;
            return ((third >> 2) & 15 < 13 && length >= 7).then_some(Self { kind: "audio/aac", length });
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
        let bits = u32::from(*RATES.get(class)?.get(rate)?) * 1000;
        let hertz = [44_100u32, 48_000, 32_000].get(sampling)? >> [2u32, 0, 1, 0].get(usize::from(version))?;
        let padding = u32::from((third >> 1) & 1);
        let length = match (layer, version) {
            (3, _) => (12 * bits / hertz + padding) * 4,
            (1, 0 | 2) => 72 * bits / hertz + padding,
            _ => 144 * bits / hertz + padding,
        };
        Some(Self { kind: "audio/mpeg", length: usize::try_from(length).ok()? })
    }

    /// Two sync bytes are chance; a second frame exactly where the first ends is not.
    fn confirmed(&self, data: &[u8], at: usize) -> bool {
        let next = at + self.length;
        next > data.len() || next == data.len() || Self::at(data, next).is_some_and(|frame| frame.kind == self.kind)
    }
}
