//! ISO base media (MP4, MOV, 3GP, HEIC, AVIF), JPEG 2000 and JPEG XL: boxes, and brands in the first of them.

use super::extras::after_end;
use super::pixels;
use crate::sniff::bytes::{be32, be64, find, has, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

/// How many boxes are walked at the top. A fragmented film has thousands; the first ones tell.
const MOST_BOXES: u32 = 64;

/// How far into a track its handler stands: behind the track's header, edits and a few small boxes.
const TRACK: u64 = 1024;

const BOXES: &[&[u8]] = &[b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"];

pub(super) fn test(head: &[u8]) -> bool {
    let first = be32(head, 0);
    let plausible = first.is_some_and(|n| n == 1 || n == 0 || (8..0x8000_0000).contains(&n));
    let jpeg = has(head, 0, b"\0\0\0\x0cjP  ") || has(head, 0, b"\0\0\0\x0cJXL ");
    jpeg || (plausible && BOXES.iter().any(|name| has(head, 4, name)))
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    if has(head, 4, b"JXL ") {
        report.is("image/jxl", Confidence::Signature);
        return Ok(());
    }
    if has(head, 4, b"jP  ") {
        return jpeg2000(source, report);
    }
    let brands = Brands::of(head);
    let kind = brands.kind();
    report.is(kind, if brands.major.is_empty() { Confidence::Heuristic } else { Confidence::Signature });
    if kind != "video/mp4" && !kind.starts_with("audio/") {
        report.parent = Some(parent(kind));
    }
    let walk = walk(source, report)?;
    if kind.starts_with("image/") {
        if !walk.meta && walk.moov.is_none() {
            report.find(FindingCode::Stub, "no item or movie");
        }
        if let Some((width, height)) = extent(head) {
            pixels::check(report, source.size(), width, height);
        }
        return Ok(());
    }
    if walk.moov.is_some() || walk.fragment {
        report.confidence = Confidence::Structural;
    } else if walk.complete {
        report.find(FindingCode::Stub, "no movie");
    }
    let Some((start, len)) = walk.moov else { return Ok(()) };
    let Some((sound, picture)) = tracks(source, start, len)? else { return Ok(()) };
    let general = matches!(kind, "video/mp4" | "video/quicktime" | "video/x-m4v");
    if sound && !picture && general {
        report.find(FindingCode::NoVideo, "sound tracks only");
        if kind == "video/mp4" {
            report.is_kind_of("audio/mp4", "video/mp4", Confidence::Structural);
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

/// What `ftyp` says: one brand the file is, and those it also is.
struct Brands<'a> {
    major: &'a [u8],
    compatible: &'a [u8],
}

impl<'a> Brands<'a> {
    fn of(head: &'a [u8]) -> Self {
        if !has(head, 4, b"ftyp") && !has(head, 4, b"styp") {
            return Self { major: &[], compatible: &[] };
        }
        let len = be32(head, 0).map_or(0, |n| n.clamp(16, 1024));
        let end = usize::try_from(len).unwrap_or(16);
        // Four characters, filled up with blanks or, by some, with zeros.
        let major = part(head, 8, 4);
        let major = if has(major, 3, b"\0") { part(major, 0, 3) } else { major };
        Self { major, compatible: part(head, 16, end - 16) }
    }

    fn lists(&self, brand: &[u8]) -> bool {
        self.compatible.chunks_exact(4).any(|known| known == brand)
    }

    fn kind(&self) -> &'static str {
        match self.major {
            // QuickTime files older than 2001 have no brands at all.
            b"" | b"qt  " | b"qt " => "video/quicktime",
            b"avif" => "image/avif",
            b"avis" => "image/avif-sequence",
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => "image/heic",
            b"mif1" | b"msf1" | b"mif2" => match () {
                () if self.lists(b"avis") => "image/avif-sequence",
                () if self.lists(b"avif") => "image/avif",
                () if self.lists(b"heic") || self.lists(b"heix") || self.lists(b"hevc") => "image/heic",
                () => "image/heif",
            },
            b"miaf" | b"1pic" | b"jpeg" => "image/heif",
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
            // Among them the brands of Flash and of smooth streaming.
            _ => "video/mp4",
        }
    }
}

/// What stands at the top of a file.
#[derive(Default)]
struct Walk {
    fragment: bool,
    meta: bool,
    /// Where the movie's description is.
    moov: Option<(u64, u64)>,
    /// Every box up to the end was seen.
    complete: bool,
}

fn walk(source: &Source, report: &mut Report) -> Result<Walk, Need> {
    let mut seen = Walk::default();
    let mut at = 0u64;
    for _ in 0..MOST_BOXES {
        if at >= source.size() {
            seen.complete = true;
            break;
        }
        let Some(header) = source.spare(at, 16)? else { return Ok(seen) };
        let left = source.size().saturating_sub(at);
        let (Some(short), name) = (be32(header, 0), part(header, 4, 4)) else {
            after_end(report, header);
            seen.complete = true;
            break;
        };
        let len = match short {
            0 => left,
            1 => be64(header, 8).unwrap_or(0),
            n => u64::from(n),
        };
        // Boxes are named in four printable characters (the first of Apple's user data is ©).
        let named = name.len() == 4 && name.iter().all(|&b| (0x20..0x7f).contains(&b) || b == 0xa9);
        if len < 8 || !named {
            let rest = source.spare(at, left.min(WINDOW))?.unwrap_or_default();
            after_end(report, rest);
            if seen.moov.is_none() && !seen.meta && !seen.fragment {
                report.find(FindingCode::Malformed, "no box where one must be");
            }
            seen.complete = true;
            break;
        }
        match name {
            b"moov" => {
                seen.moov = Some((at, len.min(left)));
            }
            b"moof" | b"sidx" => seen.fragment = true,
            b"meta" => seen.meta = true,
            _ => {}
        }
        if len > left {
            report.find(FindingCode::Truncated, "a box runs past the end");
            break;
        }
        if (seen.fragment && seen.moov.is_some()) || seen.meta {
            break;
        }
        at = at.saturating_add(len);
    }
    Ok(seen)
}

/// Which kinds of tracks a movie has: sound, picture. Tracks are hopped over, for their sample tables can be megabytes;
/// `None` where the hops would be too dear.
fn tracks(source: &Source, start: u64, len: u64) -> Result<Option<(bool, bool)>, Need> {
    let (mut sound, mut picture) = (false, false);
    let end = start.saturating_add(len);
    let mut at = start.saturating_add(8);
    for _ in 0..MOST_BOXES {
        if at.saturating_add(8) > end {
            break;
        }
        let Some(header) = source.spare(at, 8)? else { return Ok(None) };
        let Some(size @ 8..) = be32(header, 0).map(u64::from) else { return Ok(None) };
        if has(header, 4, b"trak") {
            let Some(track) = source.spare(at, size.min(TRACK))? else { return Ok(None) };
            sound |= handler(track, b"soun");
            picture |= handler(track, b"vide");
            if picture {
                break;
            }
        }
        at = at.saturating_add(size);
    }
    Ok(Some((sound, picture)))
}

/// Whether a track is of this kind: the handler's type stands 8 bytes into `hdlr`.
fn handler(track: &[u8], kind: &[u8]) -> bool {
    find(track, b"hdlr").is_some_and(|at| has(track, at + 12, kind))
}

/// The largest picture extent (`ispe`) in the head.
fn extent(head: &[u8]) -> Option<(u64, u64)> {
    let mut rest = head;
    let mut largest = None;
    while let Some(at) = find(rest, b"ispe") {
        let sides = be32(rest, at + 8).zip(be32(rest, at + 12)).map(|(w, h)| (u64::from(w), u64::from(h)));
        largest = largest.max(sides);
        rest = part(rest, at + 4, rest.len());
    }
    largest
}

/// JPEG 2000's family shares a first box and differs in the brand of the second.
fn jpeg2000(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    let kind = match part(head, 20, 4) {
        b"mjp2" | b"mj2s" => "video/mj2",
        b"jpx " => "image/jpx",
        b"jpm " => "image/jpm",
        _ => "image/jp2",
    };
    report.is(kind, Confidence::Signature);
    if let Some(at) = find(part(head, 0, 4096), b"ihdr") {
        report.confidence = Confidence::Structural;
        if let Some((height, width)) = be32(head, at + 4).zip(be32(head, at + 8)) {
            pixels::check(report, source.size(), width.into(), height.into());
        }
    } else if source.whole() && kind != "video/mj2" {
        report.find(FindingCode::Stub, "no image header");
    }
    Ok(())
}
