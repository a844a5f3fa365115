//! Ogg: the first packet of the first page names the codec.

use crate::sniff::bytes::{find, has, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

pub(super) fn test(head: &[u8]) -> bool {
    has(head, 0, b"OggS")
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    report.is("application/ogg", Confidence::Signature);
    // Streams are announced one page each before any data, so a video track is within the first pages even where sound
    // or a skeleton comes first.
    let first = part(head, 0, 4096);
    let video = [&b"\x80theora"[..], b"BBCD\0", b"OVP80"].iter().any(|mark| find(first, mark).is_some());
    let kind = match () {
        () if video => "video/ogg",
        () if find(first, b"OpusHead").is_some() => "audio/opus",
        () if [&b"\x01vorbis"[..], b"\x7fFLAC", b"Speex  ", b"PCM     "]
            .iter()
            .any(|mark| find(first, mark).is_some()) =>
        {
            "audio/ogg"
        }
        () => {
            if source.size() < 28 {
                report.find(FindingCode::Stub, "no page");
            }
            return Ok(());
        }
    };
    report.is_kind_of(kind, "application/ogg", Confidence::Structural);
    Ok(())
}
