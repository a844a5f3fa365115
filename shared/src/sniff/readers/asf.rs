//! ASF: Windows Media audio and video. Lengths in its header are hostile: a published detector panics on a small one.

use crate::sniff::bytes::{find, has, le64, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

const HEADER: &[u8] = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c";
const AUDIO: &[u8] = b"\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b";
const VIDEO: &[u8] = b"\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b";

pub(super) fn test(head: &[u8]) -> bool {
    has(head, 0, HEADER)
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    report.is("video/x-ms-asf", Confidence::Signature);
    if le64(head, 16).is_none_or(|len| len < 30) {
        report.find(FindingCode::Stub, "no header object");
        return Ok(());
    }
    let objects = part(head, 30, head.len());
    let kind = match (find(objects, VIDEO).is_some(), find(objects, AUDIO).is_some()) {
        (true, _) => "video/x-ms-wmv",
        (false, true) => "audio/x-ms-wma",
        (false, false) => return Ok(()),
    };
    report.is_kind_of(kind, "video/x-ms-asf", Confidence::Structural);
    Ok(())
}
