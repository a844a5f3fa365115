//! The rule of evidence: what decides if the bytes fit several formats.
//!
//! | Rank | Evidence | What it beats |
//! |---|---|---|
//! | 1 | a byte order mark of UTF-16 or UTF-32 before valid text | everything below |
//! | 2 | structure that was parsed: a checksum, a second frame, offsets and lengths that fit | any signature |
//! | 3 | a long signature, see [`wins_alone`] | short signatures and text |
//! | 4 | a short signature with consistent fields after it | text |
//! | 5 | text: its syntax, its first line, then scores | the extension and the declared type |
//! | 6 | the extension, in `agree` | the declared type |
//! | 7 | the declared type, which only breaks a tie | nothing |
//!
//! A signature with fewer than [`LONG_SIGNATURE_BYTES`] bytes never wins alone: one random file in 65,536 begins with a
//! given pair of bytes. Its reader checks fields after it. The code streams of JPEG XL are the exception: their fields
//! hardly restrict the bytes, so they always get the finding `signature-only`. A signature of letters needs more bytes, because text can
//! begin with the same word: `MAC `, `FORM` or `RIFF`. Below that length, it loses to text.
//!
//! The order of the readers and the gate in `readers::read` apply the rule. `tests::evidence` holds every reader to it.

use crate::bytes::slice_at;

/// The minimum length of a signature that wins alone and contains a byte that text does not contain.
pub(crate) const LONG_SIGNATURE_BYTES: usize = 4;

/// The minimum length of a signature that wins alone and consists of text.
pub(crate) const LONG_TEXT_SIGNATURE_BYTES: usize = 8;

/// Whether a signature needs no further evidence.
pub(crate) fn wins_alone(signature: &[u8]) -> bool {
    let minimum = if is_text(signature) { LONG_TEXT_SIGNATURE_BYTES } else { LONG_SIGNATURE_BYTES };
    signature.len() >= minimum
}

/// Whether a text could begin with these bytes: no control characters but white space.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    !bytes.iter().any(|&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c) || b == 0x7f)
}

/// The number of bytes checked by [`looks_like_text`].
const SAMPLE_BYTES: usize = 4096;

/// Whether the start of an object is text without control characters, so that a short signature of letters is a word.
pub(crate) fn looks_like_text(head: &[u8]) -> bool {
    let sample = slice_at(head, 0, SAMPLE_BYTES);
    is_text(sample) && !is_filler(sample)
}

/// Whether most bytes are FF, the filler of erased memory. It is a letter in some encodings, but no text consists of it.
pub(crate) fn is_filler(bytes: &[u8]) -> bool {
    memchr::memchr_iter(0xff, bytes).count() * 2 > bytes.len()
}
