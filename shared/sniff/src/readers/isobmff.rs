//! ISO base media (MP4, MOV, 3GP, HEIC, AVIF), JPEG 2000 and JPEG XL.
//!
//! These files consist of boxes. The brands in the first box name the format (ISO/IEC 14496-12, 2022; registered
//! brands: <https://mp4ra.org>).

use super::pixels;
use super::second_file::check_trailing_bytes;
use crate::bytes::{be32, be64, contains_any, find, has_at, slice_at};
use crate::readers::prelude::*;

/// The maximum number of boxes walked at one level. Fragmented movies have thousands, but the first ones suffice.
const MAX_BOXES: u32 = 512;

/// The number of bytes read per track. The handler follows the track header and a few small boxes.
const TRACK_BYTES: u64 = 1024;

/// Boxes that a file can start with.
const FIRST_BOXES: &[&[u8]] = &[b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"];

/// Boxes that a segment of a fragmented movie can start with, and no other file.
const SEGMENT_BOXES: &[&[u8]] = &[b"styp", b"sidx", b"moof", b"prft", b"emsg", b"ssix"];

pub(crate) fn recognises(head: &[u8]) -> bool {
    let first = be32(head, 0);
    let plausible = first.is_some_and(|n| n == 1 || n == 0 || (8..0x8000_0000).contains(&n));
    let jpeg_family = has_at(head, 0, b"\0\0\0\x0cjP  ") || has_at(head, 0, b"\0\0\0\x0cJXL ");
    jpeg_family || (plausible && FIRST_BOXES.iter().chain(SEGMENT_BOXES).any(|name| has_at(head, 4, name)))
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    if has_at(head, 4, b"JXL ") {
        report.set_type("image/jxl", Confidence::Signature);
        // The code stream is in one box or in several (ISO/IEC 18181-2, 2024).
        return check_code_stream(source, &[b"jxlc", b"jxlp"], report);
    }
    if has_at(head, 4, b"jP  ") {
        return jpeg2000(source, report);
    }
    let brands = Brands::of(head);
    let kind = if SEGMENT_BOXES.iter().any(|name| has_at(head, 4, name)) { "video/mp4" } else { brands.kind() };
    report.set_type(kind, if brands.major.is_empty() { Confidence::Heuristic } else { Confidence::Signature });
    if kind != "video/mp4" && !kind.starts_with("audio/") {
        report.parent = Some(parent(kind));
    }
    let walk = walk_boxes(source, kind.starts_with("image/"), report)?;
    if kind.starts_with("image/") {
        match walk.moov {
            None if walk.meta.is_none() => report.add_finding(FindingCode::Stub, "neither a meta nor a moov box"),
            Some((_, ..=8)) => report.add_finding(FindingCode::Stub, "an empty moov box"),
            _ => report.confidence = Confidence::Structural,
        }
        if let (Some((start, len)), None) = (walk.meta, walk.moov) {
            check_items(source, start, len, report)?;
        }
        if let Some((width, height)) = picture_size(head) {
            pixels::check(report, source.size(), width, height);
        }
        return Ok(());
    }
    if walk.moov.is_some() || walk.fragment {
        report.confidence = Confidence::Structural;
    } else if walk.complete {
        report.add_finding(FindingCode::Stub, "no moov box");
    } else if !report.has_finding(FindingCode::Truncated) {
        report.add_finding(FindingCode::UnscannableMiddle, "the moov box was not reached");
    }
    let Some((start, len)) = walk.moov else { return Ok(()) };
    let Some(tracks) = tracks(source, start, len)? else { return Ok(()) };
    if !tracks.any {
        // A movie header or metadata without tracks is a file for tagging programs. Anything else is filler.
        let first = source.peek(start.saturating_add(12), 4);
        let is_header = [&b"mvhd"[..], b"udta", b"meta"].contains(&first);
        let code = if is_header { FindingCode::NoVideo } else { FindingCode::Stub };
        report.add_finding(code, "no tracks in the moov box");
    }
    let general = matches!(kind, "video/mp4" | "video/quicktime" | "video/x-m4v");
    if tracks.audio && !tracks.video && general {
        report.add_finding(FindingCode::NoVideo, "the file has audio tracks only");
        if kind == "video/mp4" {
            report.set_type_with_parent("audio/mp4", "video/mp4", Confidence::Structural);
        }
    }
    Ok(())
}

fn parent(kind: &str) -> &'static str {
    match kind {
        "image/avif" | "image/avif-sequence" | "image/heic" => "image/heif",
        _ => "video/mp4",
    }
}

/// The brands in `ftyp`: the major brand and the compatible ones.
struct Brands<'a> {
    major: &'a [u8],
    minor: &'a [u8],
    compatible: &'a [u8],
}

impl<'a> Brands<'a> {
    fn of(head: &'a [u8]) -> Self {
        if !has_at(head, 4, b"ftyp") && !has_at(head, 4, b"styp") {
            return Self { major: &[], minor: &[], compatible: &[] };
        }
        let len = be32(head, 0).map_or(0, |n| n.clamp(16, 1024));
        let end = usize::try_from(len).unwrap_or(16);
        // Brands have four characters, padded with spaces or, by some writers, with zeros.
        let major = slice_at(head, 8, 4);
        let major = if has_at(major, 3, b"\0") { slice_at(major, 0, 3) } else { major };
        Self { major, minor: slice_at(head, 12, 4), compatible: slice_at(head, 16, end - 16) }
    }

    fn lists(&self, brand: &[u8]) -> bool {
        self.compatible.chunks_exact(4).any(|known| known == brand)
    }

    fn kind(&self) -> &'static str {
        match self.major {
            // QuickTime files older than 2001 have no brands.
            b"" | b"qt  " | b"qt " => "video/quicktime",
            b"avif" | b"avio" | b"MA1A" | b"MA1B" => "image/avif",
            b"avis" => "image/avif-sequence",
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => "image/heic",
            // The low-overhead format has its codec in the field of the minor version (ISO/IEC 23008-12, amendment of
            // 2024).
            b"mif3" if self.minor == b"avif" => "image/avif",
            b"mif3" if matches!(self.minor, b"heic" | b"heix") => "image/heic",
            b"mif1" | b"msf1" | b"mif2" | b"mif3" | b"miaf" | b"1pic" | b"jpeg" => {
                self.picture().unwrap_or("image/heif")
            }
            b"crx " | b"crx" => "image/x-canon-cr3",
            b"M4A " | b"M4B " | b"M4P " | b"M4A" | b"M4B" | b"F4A " | b"F4B " => "audio/mp4",
            b"M4V " | b"M4VH" | b"M4VP" => "video/x-m4v",
            b"mjp2" => "video/mj2",
            major
                if major.starts_with(b"3gp")
                    || major.starts_with(b"3gr")
                    || major.starts_with(b"3gs")
                    || major.starts_with(b"3ge") =>
            {
                "video/3gpp"
            }
            major if major.starts_with(b"3g2") || major.eq_ignore_ascii_case(b"kddi") => "video/3gpp2",
            // An unknown brand can belong to a picture, which the compatible brands tell. The rest includes the brands of
            // Flash and Smooth Streaming.
            major if !VIDEO_BRANDS.iter().any(|known| major.starts_with(known)) => {
                self.picture().unwrap_or("video/mp4")
            }
            _ => "video/mp4",
        }
    }

    /// The picture type of the compatible brands.
    fn picture(&self) -> Option<&'static str> {
        let lists = |brands: &[&[u8]]| brands.iter().any(|brand| self.lists(brand));
        Some(match () {
            () if self.lists(b"avis") => "image/avif-sequence",
            () if lists(&[b"avif", b"avio", b"MA1A", b"MA1B"]) => "image/avif",
            () if lists(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"]) => "image/heic",
            () if lists(&[b"mif1", b"msf1", b"mif2", b"miaf"]) => "image/heif",
            () => return None,
        })
    }
}

/// The starts of major brands of movies. Their files can list picture brands too, for a cover.
const VIDEO_BRANDS: &[&[u8]] = &[b"iso", b"mp4", b"avc", b"dash", b"cmf", b"M4V", b"f4", b"F4", b"MSNV", b"XAVC"];

/// The top-level boxes of a file.
#[derive(Default)]
struct Walk {
    /// Whether there is a `moof` box.
    fragment: bool,
    /// Offset and length of the `meta` or `mini` box, which describes the items of a picture.
    meta: Option<(u64, u64)>,
    /// Offset and length of the `moov` box, which describes the tracks.
    moov: Option<(u64, u64)>,
    /// Whether all boxes up to the end of the object were walked.
    complete: bool,
}

/// Walks the top-level boxes. Of a picture, the boxes up to its items suffice.
fn walk_boxes(source: &Source, picture: bool, report: &mut Report) -> Result<Walk, MissingRange> {
    let mut seen = Walk::default();
    let mut at = 0u64;
    for _ in 0..MAX_BOXES {
        if at >= source.size() {
            seen.complete = true;
            break;
        }
        let Some(header) = source.get_within_target(at, 16)? else { return Ok(seen) };
        let left = source.size().saturating_sub(at);
        let (Some(short), name) = (be32(header, 0), slice_at(header, 4, 4)) else {
            check_trailing_bytes(report, header);
            seen.complete = true;
            break;
        };
        let len = match short {
            0 => left,
            1 => be64(header, 8).unwrap_or(0),
            n => u64::from(n),
        };
        // Box types are four printable characters; those of Apple's user data begin with ©.
        let valid_name = name.len() == 4 && name.iter().all(|&b| (0x20..0x7f).contains(&b) || b == 0xa9);
        if len < 8 || !valid_name {
            let trailing = source.get_within_target(at, left.min(WINDOW_BYTES))?.unwrap_or_default();
            check_trailing_bytes(report, trailing);
            if seen.moov.is_none() && seen.meta.is_none() && !seen.fragment {
                report.add_finding(FindingCode::Malformed, "no valid box after a box");
            }
            seen.complete = true;
            break;
        }
        match name {
            b"moov" => {
                seen.moov = Some((at, len.min(left)));
            }
            b"moof" => seen.fragment = true,
            b"meta" | b"mini" if len > 12 => seen.meta = Some((at, len.min(left))),
            _ => {}
        }
        if len > left {
            // Players need the moov box only. They play the media up to the end of the object.
            let plays = name == b"mdat" && left > 16 && seen.moov.is_some();
            let code = if plays { FindingCode::CutShort } else { FindingCode::Truncated };
            report.add_finding(code, "a box ends after the object");
            break;
        }
        if (seen.fragment && seen.moov.is_some()) || (seen.meta.is_some() && picture) {
            break;
        }
        at = at.saturating_add(len);
    }
    Ok(seen)
}

/// Adds a finding if the box of a picture describes no items. The low-overhead format has one item and no boxes.
fn check_items(source: &Source, start: u64, len: u64, report: &mut Report) -> Result<(), MissingRange> {
    let Some(meta) = source.get_within_target(start, len.min(WINDOW_BYTES))? else {
        return report.end_with(FindingCode::UnscannableMiddle, "the items were not reached");
    };
    let has_items = has_at(meta, 4, b"mini") || contains_any(meta, &[b"iloc", b"iinf", b"ispe"]);
    if !has_items {
        report.add_finding(FindingCode::Stub, "no items in the meta box");
    }
    Ok(())
}

/// Whether a movie has audio and video tracks. `None` if reading all tracks would exceed the target budget, as sample
/// tables can be megabytes long.
fn tracks(source: &Source, start: u64, len: u64) -> Result<Option<Tracks>, MissingRange> {
    let mut found = Tracks::default();
    let end = start.saturating_add(len);
    let mut at = start.saturating_add(8);
    for _ in 0..MAX_BOXES {
        if at.saturating_add(8) > end {
            break;
        }
        let Some(header) = source.get_within_target(at, 8)? else { return Ok(None) };
        let Some(size @ 8..) = be32(header, 0).map(u64::from) else { break };
        // A compressed movie header has its tracks inside, and a fragmented movie can have them elsewhere.
        found.any |= [&b"trak"[..], b"cmov", b"mvex"].iter().any(|name| has_at(header, 4, name));
        if has_at(header, 4, b"trak") {
            let Some(track) = source.get_within_target(at, size.min(TRACK_BYTES))? else { return Ok(None) };
            found.audio |= has_handler(track, b"soun");
            found.video |= has_handler(track, b"vide");
            if found.video {
                break;
            }
        }
        at = at.saturating_add(size);
    }
    Ok(Some(found))
}

/// The tracks of a movie.
#[derive(Default)]
struct Tracks {
    /// Whether there are tracks, or boxes that have them inside.
    any: bool,
    audio: bool,
    video: bool,
}

/// Whether the handler of a track has this type. The type is 8 bytes after the start of the content of `hdlr`.
fn has_handler(track: &[u8], kind: &[u8]) -> bool {
    find(track, b"hdlr").is_some_and(|at| has_at(track, at + 12, kind))
}

/// The largest width and height in the `ispe` boxes of the first window.
fn picture_size(head: &[u8]) -> Option<(u64, u64)> {
    let mut rest = head;
    let mut largest = None;
    while let Some(at) = find(rest, b"ispe") {
        let sides = be32(rest, at + 8).zip(be32(rest, at + 12)).map(|(w, h)| (u64::from(w), u64::from(h)));
        largest = largest.max(sides);
        rest = slice_at(rest, at + 4, rest.len());
    }
    largest
}

/// Searches for the box with the picture data, and adds a finding if there is none.
fn check_code_stream(source: &Source, names: &[&[u8]], report: &mut Report) -> Result<(), MissingRange> {
    let mut at = 0u64;
    for _ in 0..MAX_BOXES {
        let Some(header) = source.get_within_target(at, 8)? else { break };
        if names.contains(&slice_at(header, 4, 4)) {
            report.confidence = Confidence::Structural;
            return Ok(());
        }
        let Some(len @ 8..) = be32(header, 0) else {
            return report.end_with(FindingCode::Stub, "no code stream");
        };
        at = at.saturating_add(len.into());
    }
    report.add_finding(FindingCode::UnscannableMiddle, "the code stream was not reached");
    Ok(())
}

/// The JPEG 2000 family. Its formats have the same first box and different brands in the second.
fn jpeg2000(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    let kind = match slice_at(head, 20, 4) {
        b"mjp2" | b"mj2s" => "video/mj2",
        b"jpx " => "image/jpx",
        b"jpm " => "image/jpm",
        _ => "image/jp2",
    };
    report.set_type(kind, Confidence::Signature);
    if let Some(at) = find(slice_at(head, 0, 4096), b"ihdr") {
        report.confidence = Confidence::Structural;
        if let Some((height, width)) = be32(head, at + 4).zip(be32(head, at + 8)) {
            pixels::check(report, source.size(), width.into(), height.into());
        }
        if kind == "image/jp2" {
            check_code_stream(source, &[b"jp2c"], report)?;
        }
    } else if kind != "video/mj2" {
        report.add_finding(FindingCode::Stub, "no image header");
    }
    Ok(())
}
