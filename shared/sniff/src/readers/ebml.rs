//! Matroska and `WebM` ([RFC 8794](https://www.rfc-editor.org/rfc/rfc8794), 2020, and
//! [RFC 9559](https://www.rfc-editor.org/rfc/rfc9559), 2024).

use crate::bytes::{find, has_at, slice_at};
use crate::readers::prelude::*;

/// The elements with content: tracks and clusters.
const CONTENT: [&[u8]; 2] = [b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75"];

/// The element of an index that contains the identifier of another element.
const INDEX_ENTRY: &[u8] = b"\x53\xab\x84";

/// Whether there is an element with content. Its identifier is also in the index.
fn has_content(elements: &[u8]) -> bool {
    CONTENT.iter().any(|id| {
        memchr::memmem::find_iter(elements, id)
            .any(|at| at.checked_sub(INDEX_ENTRY.len()).is_none_or(|before| !has_at(elements, before, INDEX_ENTRY)))
    })
}

pub(crate) fn recognises(head: &[u8]) -> bool {
    has_at(head, 0, b"\x1a\x45\xdf\xa3")
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    report.set_type("video/x-matroska", Confidence::Signature);
    // The element DocType: its id `42 82`, a length, and the name.
    let name = find(slice_at(head, 0, 512), b"\x42\x82").and_then(|at| {
        // The first set bit of a length tells its number of bytes. Some writers use two bytes for short lengths.
        let (len, start) = match *head.get(at + 2)? {
            first @ 0x80.. => (usize::from(first & 0x7f), at + 3),
            0x40 => (usize::from(*head.get(at + 3)?), at + 4),
            _ => return None,
        };
        (len <= 32).then(|| slice_at(head, start, len))
    });
    match name {
        Some(name) if name.starts_with(b"webm") => report.set_type("video/webm", Confidence::Structural),
        Some(name) if name.starts_with(b"matroska") => report.set_type("video/x-matroska", Confidence::Structural),
        Some(_) => report.set_type("application/x-ebml", Confidence::Structural),
        None => report.add_finding(FindingCode::Stub, "no document type"),
    }
    let Some(segment) = find(head, b"\x18\x53\x80\x67") else {
        return report.end_with(FindingCode::Stub, "no segment");
    };
    let elements = slice_at(head, segment + 4, head.len());
    if !has_content(elements) && source.is_fully_read() {
        report.add_finding(FindingCode::Stub, "no tracks");
    } else if !has_content(elements) {
        report.add_finding(FindingCode::UnscannableMiddle, "the tracks were not reached");
    }
    // The element TrackType, `83 81 tt`: 1 is video, 2 is audio. A file with audio tracks only is an audio file.
    let tracks = slice_at(head, segment, head.len());
    let (has_audio, has_video) = (find(tracks, b"\x83\x81\x02").is_some(), find(tracks, b"\x83\x81\x01").is_some());
    let all_tracks = source.is_fully_read() || find(tracks, b"\x1f\x43\xb6\x75").is_some();
    if has_audio && !has_video && all_tracks {
        // One container has both types, and most files with audio only still have the extension and the type of the
        // container. The audio type is the result if it is the declared one.
        let (video, audio, aliases) = if report.media_type == "video/webm" {
            ("video/webm", "audio/webm", &["audio/webm"][..])
        } else {
            ("video/x-matroska", "audio/x-matroska", &["audio/x-matroska", "audio/matroska"][..])
        };
        if source.claim().is_some_and(|claim| aliases.contains(&claim)) {
            report.set_type_with_parent(audio, video, Confidence::Structural);
        } else {
            report.add_finding(FindingCode::NoVideo, "the file has audio tracks only");
        }
    }
    Ok(())
}
