//! Decoding of text.
//!
//! As in browsers, a byte order mark decides. Without one, NUL in every second byte means UTF-16. Other text is UTF-8
//! if it is valid UTF-8, and Latin-1 otherwise.

use std::borrow::Cow;

use crate::bytes::{has_at, slice_at};
use crate::readers::evidence::is_filler;

/// Decoded text.
pub(crate) struct Text {
    pub(crate) text: String,
    /// Whether NUL bytes were removed from markup.
    pub(crate) nul_bytes_in_markup: bool,
}

/// Whether `b` is a binary data byte of [WHATWG mimesniff](https://mimesniff.spec.whatwg.org/#binary-data-byte)
/// (section 3, snapshot of January 2026). The DOS end-of-file mark 0x1A is an exception.
pub(crate) fn is_binary(b: u8) -> bool {
    matches!(b, 0..=8 | 0x0b | 0x0e..=0x19 | 0x1c..=0x1f)
}

/// Decodes `bytes`, or `None` if they are not text.
pub(crate) fn decode(bytes: &[u8]) -> Option<Text> {
    let plain = |text| Some(Text { text, nul_bytes_in_markup: false });
    if let Some(mut rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        // Some tools add a second byte order mark.
        while let Some(more) = rest.strip_prefix(b"\xef\xbb\xbf") {
            rest = more;
        }
        if rest.is_empty() {
            return plain(String::new());
        }
        return bytes_to_text(rest).and_then(plain);
    }
    if let Some(text) = wide(bytes) {
        return plain(text);
    }
    if let Some(text) = utf32(bytes, u32::from_le_bytes).or_else(|| utf32(bytes, u32::from_be_bytes)) {
        return plain(text);
    }
    let zeros = |from: usize| slice_at(bytes, 0, 512).iter().skip(from).step_by(2).filter(|&&b| b == 0).count();
    let sample = bytes.len().min(512) / 2;
    if sample >= 4 {
        let (even, odd) = (zeros(0), zeros(1));
        if odd * 10 >= sample * 7 && even * 20 <= sample {
            return plain(utf16(bytes, u16::from_le_bytes)?);
        }
        if even * 10 >= sample * 7 && odd * 20 <= sample {
            return plain(utf16(bytes, u16::from_be_bytes)?);
        }
    }
    if let Some(text) = bytes_to_text(bytes) {
        return plain(text);
    }
    // Lenient parsers drop NUL bytes, so they can hide markup.
    let first: Vec<u8> = slice_at(bytes, 0, 4096).iter().copied().filter(|&b| b != 0).collect();
    let markup = first.trim_ascii_start().first() == Some(&b'<');
    (markup && first.iter().filter(|&&b| is_binary(b)).count() * 20 < first.len())
        .then(|| Text { text: latin1_or_utf8(&first).into_owned(), nul_bytes_in_markup: true })
}

/// The text after a byte order mark of UTF-32 or UTF-16. The mark of UTF-32 in little-endian order begins with that of
/// UTF-16.
pub(crate) fn wide(bytes: &[u8]) -> Option<String> {
    let rest = |len| slice_at(bytes, len, bytes.len());
    match bytes.get(..2)? {
        b"\xff\xfe" if has_at(bytes, 2, b"\0\0") => utf32(rest(4), u32::from_le_bytes),
        b"\xff\xfe" => utf16(rest(2), u16::from_le_bytes),
        b"\xfe\xff" => utf16(rest(2), u16::from_be_bytes),
        b"\0\0" if has_at(bytes, 2, b"\xfe\xff") => utf32(rest(4), u32::from_be_bytes),
        _ => None,
    }
}

/// Text in UTF-32. Three in four bytes of other formats are rarely such that every number is a character.
fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<String> {
    if bytes.len() < 8 {
        return None;
    }
    let units = bytes.chunks_exact(4).filter_map(|four| four.try_into().ok().map(unit));
    let text: String = units.map(char::from_u32).collect::<Option<_>>()?;
    let control = text.chars().filter(|&c| u8::try_from(c).is_ok_and(is_binary)).count();
    (control * 200 <= text.len()).then_some(text)
}

fn bytes_to_text(bytes: &[u8]) -> Option<String> {
    // Old text files have some control bytes, at most one in a thousand, but no NUL bytes.
    let control_bytes = bytes.iter().filter(|&&b| is_binary(b)).count();
    if bytes.is_empty() || bytes.contains(&0) || control_bytes * 1000 > bytes.len() || is_filler(bytes) {
        return None;
    }
    Some(latin1_or_utf8(bytes).into_owned())
}

fn latin1_or_utf8(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // A window can end within a character.
        Err(error) if error.error_len().is_none() => {
            let text = slice_at(bytes, 0, error.valid_up_to());
            Cow::Borrowed(std::str::from_utf8(text).unwrap_or_default())
        }
        Err(_) => Cow::Owned(bytes.iter().map(|&b| char::from(b)).collect()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(unit));
    let mut errors = 0usize;
    let text: String = char::decode_utf16(units)
        .map(|c| {
            c.unwrap_or_else(|_| {
                errors += 1;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    let control = text.chars().filter(|&c| u8::try_from(c).is_ok_and(is_binary)).count();
    (!text.is_empty() && errors <= 1 && control * 200 <= text.len()).then_some(text)
}

impl Text {
    /// Whether the text contains `+ADw-`, which is `<` in UTF-7. Browsers until about 2010 detected UTF-7.
    pub(crate) fn has_utf7_markup(&self) -> bool {
        self.text.contains("+ADw-")
    }
}
