//! The sans-IO state machine: it requests ranges and is fed their bytes.

use crate::byte_range::ByteRange;
use crate::bytes::{slice_at, to_u64, to_usize};
use crate::finding::FindingCode;
use crate::media_type::MediaType;
use crate::readers;
use crate::report::Report;
use crate::sniffed::Sniffed;
use crate::source::{Source, WINDOW_BYTES};

/// What the caller does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read this range and pass its bytes to [`Sniffer::feed`].
    Read(ByteRange),
    /// The result; no further range is needed.
    Done(Sniffed),
}

/// Sniffs one object.
///
/// The sniffer requests at most 8 ranges and at most 512 KiB. It never panics on any content.
#[derive(Debug, Clone)]
pub struct Sniffer {
    source: Source,
    requested: Option<ByteRange>,
}

impl Sniffer {
    /// The range that [`Sniffer::start`] requests first, unless the object is shorter.
    ///
    /// A caller that does not know the size can read this range with a ranged GET, take the size from `Content-Range`,
    /// and feed the bytes without a second request.
    #[must_use]
    pub fn first_window() -> ByteRange {
        ByteRange { start: 0, len: WINDOW_BYTES }
    }

    /// Starts sniffing an object of `size` bytes whose declared media type is `claim`.
    ///
    /// The claim only breaks ties. It tells audio from video where one container has both types, such as `audio/webm`. A
    /// text format has no signature, so a claimed text type is verified and needs less evidence. Without a claim, the
    /// text type with the most evidence is the result.
    #[must_use]
    pub fn start(size: u64, claim: Option<&MediaType>) -> (Self, Step) {
        let source = Source::new(size, claim.map(|claim| claim.essence().to_owned()));
        let mut sniffer = Self { source, requested: None };
        let step = if size == 0 {
            let mut report = Report::new();
            report.add_finding(FindingCode::Empty, "the object has no bytes");
            sniffer.finish(report)
        } else {
            sniffer.request(ByteRange { start: 0, len: WINDOW_BYTES.min(size) })
        };
        (sniffer, step)
    }

    /// Takes the bytes of the requested range.
    ///
    /// Fewer bytes than requested end the sniffing with the finding [`FindingCode::ShortRead`]. Excess bytes are
    /// ignored, and so are bytes after [`Step::Done`].
    #[must_use]
    pub fn feed(mut self, bytes: &[u8]) -> (Self, Step) {
        let Some(requested) = self.requested.take() else {
            let step = self.advance(false);
            return (self, step);
        };
        let bytes = slice_at(bytes, 0, to_usize(requested.len));
        self.source.store(requested.start, bytes);
        let short = to_u64(bytes.len()) < requested.len;
        let step = self.advance(short);
        (self, step)
    }

    fn request(&mut self, range: ByteRange) -> Step {
        self.requested = Some(range);
        Step::Read(range)
    }

    fn advance(&mut self, short: bool) -> Step {
        let mut report = Report::new();
        match readers::read(&self.source, &mut report) {
            Ok(()) => {}
            Err(_) if short => {}
            Err(missing) => match self.source.next_read(missing) {
                Some(range) => return self.request(range),
                None => report.add_finding(FindingCode::BudgetSpent, "the structure needs more reads than the budget"),
            },
        }
        if short {
            report.add_finding(FindingCode::ShortRead, "a read returned fewer bytes than its range");
        }
        self.finish(report)
    }

    fn finish(&self, report: Report) -> Step {
        Step::Done(Sniffed {
            media_type: report.media_type,
            parent: report.parent,
            confidence: report.confidence,
            findings: report.findings,
            reads: self.source.reads(),
            bytes: self.source.bytes_read(),
        })
    }
}
