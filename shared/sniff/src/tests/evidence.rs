//! The rule of evidence holds for every reader.

use super::*;
use crate::readers::evidence::{is_text, wins_alone};
use crate::readers::formats_and_signatures;

/// What a reader accepts without further evidence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alone {
    /// The signature is long enough.
    Wins,
    /// Fields after the signature must fit.
    NeedsFields,
    /// There is no signature.
    Nothing,
}

/// One row per reader, in its order: its type, its shortest signature, and whether that wins alone.
const READERS: &[(&str, &[u8], Alone)] = &[
    ("text/plain", b"\xff\xfe", Alone::NeedsFields),
    ("application/vnd.microsoft.portable-executable", b"MZ", Alone::NeedsFields),
    ("image/png", b"\x89PNG\r\n\x1a\n", Alone::Wins),
    ("image/jpeg", b"\xff\xd8\xff", Alone::NeedsFields),
    ("image/gif", b"GIF89a", Alone::Wins),
    ("audio/wav", b"RIFF", Alone::NeedsFields),
    ("application/zip", b"PK\x03\x04", Alone::Wins),
    ("application/pdf", b"%PDF-", Alone::Wins),
    ("application/x-cfb", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Alone::Wins),
    ("video/quicktime", b"\0\0\0\x08wide", Alone::Wins),
    ("video/x-matroska", b"\x1a\x45\xdf\xa3", Alone::Wins),
    ("image/tiff", b"II\x2a\0", Alone::Wins),
    ("application/ogg", b"OggS\0", Alone::Wins),
    ("video/x-ms-asf", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c", Alone::Wins),
    ("image/bmp", b"BM", Alone::NeedsFields),
    ("application/gzip", b"\x1f\x8b\x08", Alone::NeedsFields),
    ("application/x-tar", b"", Alone::Nothing),
    ("audio/mpeg", b"\xff\xfb", Alone::NeedsFields),
    ("application/x-7z-compressed", b"7z\xbc\xaf\x27\x1c", Alone::Wins),
    ("image/vnd.microsoft.icon", b"\0\0\x01\0", Alone::NeedsFields),
    ("application/pdf", b"?%PDF-", Alone::NeedsFields),
    ("text/plain", b"", Alone::Nothing),
    ("image/jpeg", b"?\xff\xd8\xff", Alone::NeedsFields),
    ("application/dicom", b"\x02\0", Alone::NeedsFields),
    ("application/x-x509-der", b"\x30\x82", Alone::NeedsFields),
    ("image/x-tga", b"", Alone::Nothing),
];

/// Further signatures of two or three bytes.
const SHORT: &[(&str, &[u8])] = &[
    ("application/x-compress", b"\x1f\x9d"),
    ("application/x-cpio", b"\xc7\x71"),
    ("image/jxl", b"\xff\x0a"),
    ("image/x-sgi", b"\x01\xda"),
    ("image/x-pcx", b"\x0a\x05"),
    ("audio/ac3", b"\x0b\x77"),
    ("application/x-arj", b"\x60\xea"),
    ("application/msword", b"\xdb\xa5"),
    ("application/x-bzip2", b"BZh"),
    ("application/x-shockwave-flash", b"FWS"),
    ("audio/mpeg", b"ID3"),
    ("application/vnd.microsoft.portable-executable", b"ZM"),
    ("image/vnd.microsoft.icon", b"CI"),
    ("image/x-portable-graymap", b"P5"),
];

/// `start`, continued by reproducible bytes without a pattern, all of them above `least`.
fn noise(start: &[u8], seed: u64, least: u8) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = start.to_vec();
    while bytes.len() < 20_000 {
        // Xorshift (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.push(u8::try_from(state >> 33 & 0xff).unwrap().max(least));
    }
    bytes
}

fn utf16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn the_table_has_a_row_for_every_reader() {
    assert_eq!(READERS.len(), formats_and_signatures().0);
}

#[test]
fn a_long_signature_wins_alone_and_is_never_accepted_in_silence() {
    for (kind, signature, _) in READERS.iter().filter(|(.., alone)| *alone == Alone::Wins) {
        for least in [0, 0xff] {
            let sample = noise(signature, 7, least);
            let sniffed = sniff(&sample, None);
            assert_eq!((&*sniffed.media_type, sniffed.findings.is_empty()), (*kind, false), "{signature:x?}");
        }
    }
}

#[test]
fn a_short_signature_needs_fields() {
    let short =
        READERS.iter().filter(|(.., alone)| *alone == Alone::NeedsFields).map(|(kind, bytes, _)| (*kind, *bytes));
    for (kind, signature) in short.chain(SHORT.iter().copied()) {
        // The fields of some samples fit by chance. Even those are not accepted in silence.
        let sniffed = (1..=8).map(|seed| sniff(&noise(signature, seed, 0), None));
        let taken: Vec<Sniffed> = sniffed.filter(|sniffed| sniffed.media_type == kind).collect();
        let most = if kind == "image/jxl" { 8 } else { 4 };
        assert!(
            taken.len() <= most && taken.iter().all(|one| !one.findings.is_empty()),
            "{kind} {signature:x?} {taken:?}"
        );
    }
}

#[test]
fn text_after_a_byte_order_mark_outweighs_every_claim() {
    for text in ["Hello, world", "née\r\n1\t2\r\n", "MZ", "ÿØÿ", "%PDF-1.4 is a header"] {
        for (claim, ..) in READERS {
            let sniffed = sniff(&utf16(text), Some(claim));
            assert!(sniffed.media_type.starts_with("text/") && codes(&sniffed).is_empty(), "{text} {sniffed:?}");
        }
    }
}

#[test]
fn words_that_are_signatures_are_text() {
    let table = formats_and_signatures().1;
    let words = table.iter().filter(|(at, bytes, _)| is_text(bytes) && !(*at == 0 && wins_alone(bytes)));
    let readers = READERS.iter().map(|(_, bytes, _)| (0, *bytes)).filter(|(_, bytes)| is_text(bytes));
    let mut checked = 0;
    for (at, word) in words.map(|(at, bytes, _)| (*at, bytes.as_slice())).chain(readers).chain([
        (0, &b"The wide world"[..]),
        (0, b"Feel free to ask"),
        (128, b"DICM"),
        (2, b"-lh5-"),
        (0, b"P5 12 apples"),
        (0, b"GIF89a and GIF87a"),
        (0, b"MAC address;IP"),
    ]) {
        if [&b"%PDF-"[..], b"{\\rtf", b"%!PS", b"! XPM2", b"#?RGBE"].contains(&word) {
            continue;
        }
        let text = [&vec![b'x'; at][..], word, b" begins a sentence of prose.\nAnother line.\n"].concat();
        let sniffed = sniff(&text, None);
        assert!(sniffed.media_type.starts_with("text/"), "{} {sniffed:?}", String::from_utf8_lossy(word));
        checked += 1;
    }
    assert!(checked > 40);
}

#[test]
fn no_signature_of_the_table_is_shorter_than_four_bytes() {
    for (at, bytes, kind) in formats_and_signatures().1 {
        assert!(bytes.len() >= 4 || *at > 0, "{kind} {bytes:x?}");
    }
}
