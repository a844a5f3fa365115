//! What the bytes say, from a few windows of them. Sans-IO: it names the range it wants, the caller reads it.

use std::borrow::Cow;

use file_format::FileFormat;

use crate::media::MediaType;

/// The first window: one read tells most types, and it sees past several kilobytes of blanks.
const HEAD: u64 = 16 * 1024;
/// The last window: end markers, with room for a trailing newline or a PDF's `startxref`.
const TAIL: u64 = 1024;

/// A stretch of the object, never empty and always inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// How many bytes.
    pub len: u64,
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Read this and feed it.
    Read(ByteRange),
    /// That was all.
    Done(Sniffed),
}

/// What the bytes were found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sniffed {
    /// The type, without parameters.
    pub media_type: Cow<'static, str>,
    /// What was noticed besides.
    pub findings: Vec<Finding>,
    /// Ranged reads used.
    pub reads: u32,
    /// Bytes read.
    pub bytes: u64,
}

/// Something worth knowing about the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub code: FindingCode,
    /// A short sentence without anything of the user's.
    pub detail: String,
}

/// Kinds of findings; each is a stable code of `docs/CONTRACT.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingCode {
    /// No bytes at all.
    Empty,
    /// The end of the format is missing.
    Truncated,
}

/// Looks at one object, window by window.
#[derive(Debug)]
pub struct Sniffer {
    size: u64,
    reads: u32,
    bytes: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Head,
    Tail(FileFormat, &'static [u8]),
}

impl Sniffer {
    /// What can be read before the size is known: S3 answers with what there is of it.
    #[must_use]
    pub fn first_window() -> ByteRange {
        ByteRange { start: 0, len: HEAD }
    }

    /// Begins with an object of `size` bytes, declared as `claim`.
    #[must_use]
    pub fn start(size: u64, claim: Option<&MediaType>) -> (Self, Step) {
        let _ = claim;
        let sniffer = Self { size, reads: 0, bytes: 0, state: State::Head };
        let step = if size == 0 {
            let findings = vec![Finding { code: FindingCode::Empty, detail: "the object has no bytes".to_owned() }];
            Step::Done(Sniffed { media_type: Cow::Borrowed("application/x-empty"), findings, reads: 0, bytes: 0 })
        } else {
            Step::Read(ByteRange { start: 0, len: size.min(HEAD) })
        };
        (sniffer, step)
    }

    /// Takes the bytes of the range last asked for.
    #[must_use]
    pub fn feed(mut self, bytes: &[u8]) -> (Self, Step) {
        self.reads = self.reads.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        let step = match self.state {
            State::Head => {
                let format = FileFormat::from_bytes(bytes);
                match end_marker(format) {
                    None => self.done(format, Vec::new()),
                    // Everything is in the head already.
                    Some(marker) if self.size <= bytes.len() as u64 => self.done(format, ending(bytes, marker)),
                    Some(marker) => {
                        self.state = State::Tail(format, marker);
                        let len = self.size.min(TAIL);
                        Step::Read(ByteRange { start: self.size - len, len })
                    }
                }
            }
            State::Tail(format, marker) => self.done(format, ending(bytes, marker)),
        };
        (self, step)
    }

    fn done(&self, format: FileFormat, findings: Vec<Finding>) -> Step {
        let media_type = Cow::Owned(format.media_type().to_owned());
        Step::Done(Sniffed { media_type, findings, reads: self.reads, bytes: self.bytes })
    }
}

/// What must stand near the end of a whole file.
fn end_marker(format: FileFormat) -> Option<&'static [u8]> {
    match format.media_type() {
        "image/png" => Some(b"IEND"),
        "image/jpeg" => Some(b"\xff\xd9"),
        "image/gif" => Some(b"\x3b"),
        "application/pdf" => Some(b"%%EOF"),
        "application/zip" => Some(b"PK\x05\x06"),
        _ => None,
    }
}

fn ending(bytes: &[u8], marker: &[u8]) -> Vec<Finding> {
    let tail = &bytes[bytes.len().saturating_sub(usize::try_from(TAIL).unwrap_or(usize::MAX))..];
    if tail.windows(marker.len()).any(|window| window == marker) {
        return Vec::new();
    }
    vec![Finding { code: FindingCode::Truncated, detail: "the end of the format is missing".to_owned() }]
}

impl Sniffed {
    /// Whether bytes of this type may be declared as `declared`.
    #[must_use]
    pub fn agrees_with(&self, declared: &MediaType) -> bool {
        let (declared, found) = (declared.essence(), self.media_type.as_ref());
        if declared == found {
            return true;
        }
        let text = |essence: &str| essence.starts_with("text/") || essence == "application/json";
        match found {
            // A ZIP directory is not read yet, so any ZIP-based document may be one.
            "application/zip" => {
                declared.starts_with("application/vnd.openxmlformats-officedocument.")
                    || declared.starts_with("application/vnd.oasis.opendocument.")
                    || declared == "application/x-zip-compressed"
            }
            "application/x-ole-storage" | "application/x-cfb" => {
                matches!(declared, "application/msword" | "application/vnd.ms-excel" | "application/vnd.ms-powerpoint")
            }
            "text/plain" => text(declared),
            "application/mp4" | "video/mp4" => matches!(declared, "video/mp4" | "audio/mp4"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff?\0\x05\xfe\x02\xfe\r\xefF\xb8\0\0\0\0IEND\xaeB`\x82";

    fn sniff(bytes: &[u8]) -> Sniffed {
        let (mut sniffer, mut step) = Sniffer::start(bytes.len() as u64, None);
        loop {
            match step {
                Step::Done(sniffed) => return sniffed,
                Step::Read(range) => {
                    let start = usize::try_from(range.start).unwrap();
                    let end = start + usize::try_from(range.len).unwrap();
                    (sniffer, step) = sniffer.feed(&bytes[start..end]);
                }
            }
        }
    }

    #[test]
    fn tells_a_whole_file_from_a_part_of_it() {
        assert_eq!(sniff(PNG).media_type, "image/png");
        assert_eq!(sniff(PNG).findings, []);
        assert_eq!(sniff(&PNG[..40]).findings[0].code, FindingCode::Truncated);
        assert_eq!(sniff(b"").findings[0].code, FindingCode::Empty);
        let mut long = PNG[..PNG.len() - 12].to_vec();
        long.resize(100_000, 0);
        assert_eq!(sniff(&long).findings[0].code, FindingCode::Truncated);
        long.extend_from_slice(&PNG[PNG.len() - 12..]);
        assert_eq!((sniff(&long).findings.len(), sniff(&long).reads), (0, 2));
    }
}
