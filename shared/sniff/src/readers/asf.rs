//! ASF: Windows Media audio and video.
//!
//! The identifiers are GUIDs of the ASF specification (Microsoft, revision 01.20.03, 2004, sections 10.1 and 10.4).

use crate::bytes::{find, has_at, le64, slice_at};
use crate::readers::prelude::*;

const HEADER_OBJECT: &[u8] = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c";
const AUDIO_MEDIA: &[u8] = b"\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b";
const VIDEO_MEDIA: &[u8] = b"\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b";

pub(crate) fn recognises(head: &[u8]) -> bool {
    has_at(head, 0, HEADER_OBJECT)
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    report.set_type("video/x-ms-asf", Confidence::Signature);
    if le64(head, 16).is_none_or(|len| len < 30) {
        return report.end_with(FindingCode::Stub, "no header object");
    }
    let objects = slice_at(head, 30, head.len());
    let kind = match (find(objects, VIDEO_MEDIA).is_some(), find(objects, AUDIO_MEDIA).is_some()) {
        (true, _) => "video/x-ms-wmv",
        (false, true) => "audio/x-ms-wma",
        (false, false) => return Ok(()),
    };
    report.set_type_with_parent(kind, "video/x-ms-asf", Confidence::Structural);
    Ok(())
}
