//! Matroska and `WebM`: the document type stands in the header.

use crate::sniff::bytes::{find, has, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

pub(super) fn test(head: &[u8]) -> bool {
    has(head, 0, b"\x1a\x45\xdf\xa3")
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    report.is("video/x-matroska", Confidence::Signature);
    // The element's id `42 82`, then a length, then the name.
    let name = find(part(head, 0, 512), b"\x42\x82").and_then(|at| {
        // A length's first set bit says how many bytes it has; some writers spend two where one would do.
        let (len, start) = match *head.get(at + 2)? {
            first @ 0x80.. => (usize::from(first & 0x7f), at + 3),
            0x40 => (usize::from(*head.get(at + 3)?), at + 4),
            _ => return None,
        };
        (len <= 32).then(|| part(head, start, len))
    });
    match name {
        Some(name) if name.starts_with(b"webm") => report.is("video/webm", Confidence::Structural),
        Some(name) if name.starts_with(b"matroska") => report.is("video/x-matroska", Confidence::Structural),
        Some(_) => report.is("application/x-ebml", Confidence::Structural),
        None => report.find(FindingCode::Stub, "no document type"),
    }
    let Some(segment) = find(head, b"\x18\x53\x80\x67") else {
        if source.whole() {
            report.find(FindingCode::Stub, "no segment");
        }
        return Ok(());
    };
    // Track type 2 is audio and 1 is video (`83 81 tt`): a file of sound only is audio by Matroska's own convention.
    let tracks = part(head, segment, head.len());
    let (sound, picture) = (find(tracks, b"\x83\x81\x02").is_some(), find(tracks, b"\x83\x81\x01").is_some());
    let all_tracks = source.whole() || find(tracks, b"\x1f\x43\xb6\x75").is_some();
    if sound && !picture && all_tracks {
        let kind = if report.media_type == "video/webm" { "audio/webm" } else { "audio/x-matroska" };
        let parent = if kind == "audio/webm" { "video/webm" } else { "video/x-matroska" };
        report.is_kind_of(kind, parent, Confidence::Structural);
    }
    Ok(())
}
