//! From bytes to characters, the way a browser does: the byte order mark wins, then zeros in every second place, then
//! UTF-8, and Latin-1 for the rest, since every byte string is Latin-1.

use std::borrow::Cow;

use crate::sniff::bytes::{has, part};

/// Decoded text.
pub(in crate::sniff::readers) struct Text {
    pub(super) text: String,
    /// Zero bytes stood in what is markup without them.
    pub(super) broken_markup: bool,
}

/// The binary data bytes of WHATWG mimesniff (section 3, snapshot of January 2026), less the DOS end-of-file mark.
pub(super) fn binary(b: u8) -> bool {
    matches!(b, 0..=8 | 0x0b | 0x0e..=0x19 | 0x1c..=0x1f)
}

/// Decodes, or `None` for what isn't text.
pub(super) fn decode(bytes: &[u8]) -> Option<Text> {
    let plain = |text| Some(Text { text, broken_markup: false });
    if let Some(mut rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        // Tools that add a mark without looking leave two.
        while let Some(more) = rest.strip_prefix(b"\xef\xbb\xbf") {
            rest = more;
        }
        return bytes_to_text(rest).and_then(plain);
    }
    if has(bytes, 0, b"\xff\xfe") {
        return plain(utf16(part(bytes, 2, bytes.len()), u16::from_le_bytes)?);
    }
    if has(bytes, 0, b"\xfe\xff") {
        return plain(utf16(part(bytes, 2, bytes.len()), u16::from_be_bytes)?);
    }
    let zeros = |from: usize| part(bytes, 0, 512).iter().skip(from).step_by(2).filter(|&&b| b == 0).count();
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
    // Zeros are dropped by lenient parsers: what is markup without them must not pass as unknown data.
    let first: Vec<u8> = part(bytes, 0, 4096).iter().copied().filter(|&b| b != 0).collect();
    let markup = first.trim_ascii_start().first() == Some(&b'<');
    (markup && first.iter().filter(|&&b| binary(b)).count() * 20 < first.len())
        .then(|| Text { text: latin1_or_utf8(&first).into_owned(), broken_markup: true })
}

fn bytes_to_text(bytes: &[u8]) -> Option<String> {
    // One stray control byte in a thousand is dirt in old files, not a format; a zero never is.
    let dirt = bytes.iter().filter(|&&b| binary(b)).count();
    if bytes.is_empty() || bytes.contains(&0) || dirt * 1000 > bytes.len() {
        return None;
    }
    Some(latin1_or_utf8(bytes).into_owned())
}

fn latin1_or_utf8(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // A window may end within a character.
        Err(fault) if fault.error_len().is_none() => {
            let text = part(bytes, 0, fault.valid_up_to());
            Cow::Borrowed(std::str::from_utf8(text).unwrap_or_default())
        }
        Err(_) => Cow::Owned(bytes.iter().map(|&b| char::from(b)).collect()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(unit));
    let mut faults = 0usize;
    let text: String = char::decode_utf16(units)
        .map(|c| {
            c.unwrap_or_else(|_| {
                faults += 1;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    let control = text.chars().filter(|&c| u8::try_from(c).is_ok_and(binary)).count();
    (!text.is_empty() && faults <= 1 && control * 200 <= text.len()).then_some(text)
}

impl Text {
    /// `<` written as `+ADw-`: only browsers of 2010 and older took it for markup unasked, so this flags and no more.
    pub(super) fn utf7(&self) -> bool {
        self.text.contains("+ADw-")
    }
}
