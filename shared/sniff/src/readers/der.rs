//! X.509 certificates and keys in DER (ITU-T X.690, 2021): one sequence that fills the object.

use crate::bytes::{be16, has_at, to_u64};
use crate::readers::prelude::*;

/// Whether a sequence starts with a sequence, an integer or an object identifier.
pub(crate) fn recognises(head: &[u8]) -> bool {
    let Some((len, start)) = outer_sequence(head) else { return false };
    let inner = head.get(start).is_some_and(|&tag| matches!(tag, 0x30 | 0x02 | 0x06));
    // A short sequence must also end where the object ends.
    inner && (len > 0xff || to_u64(head.len()) == len + to_u64(start))
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, 16)?;
    let Some((len, start)) = outer_sequence(head) else { return Ok(()) };
    let end = len + to_u64(start);
    // Some tools append a line end.
    if end == source.size() || end + 1 == source.size() {
        let is_pkcs7 = has_at(head, start, b"\x06");
        report.set_type(
            if is_pkcs7 { "application/pkcs7-mime" } else { "application/x-x509-der" },
            Confidence::Structural,
        );
    }
    Ok(())
}

/// The content length of the outer sequence, and the offset of its content.
fn outer_sequence(head: &[u8]) -> Option<(u64, usize)> {
    match head.get(..2)? {
        [0x30, short @ 16..=0x7f] => Some((u64::from(*short), 2)),
        [0x30, 0x81] => Some((u64::from(*head.get(2)?), 3)),
        [0x30, 0x82] => Some((u64::from(be16(head, 2)?), 4)),
        _ => None,
    }
}
