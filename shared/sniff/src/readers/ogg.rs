//! Ogg ([RFC 3533](https://www.rfc-editor.org/rfc/rfc3533), 2003). The first packets name the codecs.

use crate::bytes::{contains_any, find, has_at, slice_at, to_u64};
use crate::readers::prelude::*;

pub(crate) fn recognises(head: &[u8]) -> bool {
    has_at(head, 0, b"OggS\0")
}

/// The length of the page at the start: a header of 27 bytes, a table of lengths, and the data.
fn page_length(head: &[u8]) -> usize {
    let count = head.get(26).copied().map_or(0, usize::from);
    27 + count + slice_at(head, 27, count).iter().copied().map(usize::from).sum::<usize>()
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    report.set_type("application/ogg", Confidence::Signature);
    // The header pages are short. The second page can be the last one that the window contains.
    let mut next = page_length(head);
    for _ in 0..2 {
        if has_at(head, next, b"OggS\0") && head.get(next + 5).is_some_and(|flags| *flags < 8) {
            next += page_length(slice_at(head, next, head.len()));
        }
    }
    if next < head.len() && !has_at(head, next, b"OggS") {
        report.add_finding(FindingCode::Malformed, "no page after the first page");
    } else if to_u64(page_length(head)) >= source.size() {
        report.add_finding(FindingCode::Stub, "only a header page");
    }
    // The first page of every stream precedes all data, so a video track is in the first pages even if audio comes
    // first.
    let first_pages = slice_at(head, 0, 4096);
    let has_video = contains_any(first_pages, &[b"\x80theora", b"BBCD\0", b"OVP80"]);
    let kind = match () {
        () if has_video => "video/ogg",
        () if find(first_pages, b"OpusHead").is_some() => "audio/opus",
        () if contains_any(first_pages, &[b"\x01vorbis", b"\x7fFLAC", b"Speex  ", b"PCM     "]) => "audio/ogg",
        () => {
            if source.size() < 28 {
                report.add_finding(FindingCode::Stub, "no complete page");
            }
            return Ok(());
        }
    };
    report.set_type_with_parent(kind, "application/ogg", Confidence::Structural);
    Ok(())
}
