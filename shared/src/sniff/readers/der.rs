//! X.509 certificates and keys in DER: an outer sequence that fills the object.

use crate::sniff::Confidence;
use crate::sniff::bytes::{be16, has, size};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source};

/// A sequence that begins with another, a small version number or an object identifier.
pub(super) fn test(head: &[u8]) -> bool {
    let Some((len, start)) = outer(head) else { return false };
    let inner = head.get(start).is_some_and(|&tag| matches!(tag, 0x30 | 0x02 | 0x06));
    // A short sequence is weak evidence unless it ends where the object does.
    inner && (len > 0xff || size(head.len()) == len + size(start))
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, 16)?;
    let Some((len, start)) = outer(head) else { return Ok(()) };
    let end = len + size(start);
    // Some tools leave a line end behind.
    if end == source.size() || end + 1 == source.size() {
        let signed = has(head, start, b"\x06");
        report.is(if signed { "application/pkcs7-mime" } else { "application/x-x509-der" }, Confidence::Structural);
    }
    Ok(())
}

/// The outer sequence's length and where its contents start.
fn outer(head: &[u8]) -> Option<(u64, usize)> {
    match head.get(..2)? {
        [0x30, short @ 16..=0x7f] => Some((u64::from(*short), 2)),
        [0x30, 0x81] => Some((u64::from(*head.get(2)?), 3)),
        [0x30, 0x82] => Some((u64::from(be16(head, 2)?), 4)),
        _ => None,
    }
}
