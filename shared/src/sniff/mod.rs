//! What the bytes say: the size and a few windows of an object in, its media type and findings out.
//!
//! Sans-IO: [`Sniffer`] asks for byte ranges and is fed them, so the same code runs against S3, a slice or a fuzzer.
//! Each reader is one file of one shape, `fn read(&Source, &mut Report) -> Result<(), Need>`: it notes what it knows as
//! it goes and asks for bytes with `?`. Nothing here panics, allocates by a length found in a file, or looks at a clock.
//!
//! [`agree`] compares with what was declared, [`judge`] applies a class's rules, [`name_problems`] looks at names.

use std::borrow::Cow;

use crate::media::MediaType;

mod agreement;
mod bytes;
mod finding;
mod names;
mod readers;
mod report;
mod rules;
mod source;
mod types;

pub use agreement::{Agreement, MismatchCode, agree};
pub use finding::{Finding, FindingCode};
pub use names::{NameProblem, name_problems};
pub use rules::{Action, ContentRules, Judgement, UnknownRule, judge};
pub use types::type_of_extension;

use report::Report;
use source::{Source, WINDOW};

/// A range of an object to read; never empty, always inside the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte's offset.
    pub start: u64,
    /// How many bytes.
    pub len: u64,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read this range and [`Sniffer::feed`] it.
    Read(ByteRange),
    /// All that is going to be known.
    Done(Sniffed),
}

/// How the type is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It isn't.
    None,
    /// It looks like it, as text does.
    Heuristic,
    /// The format's own signature.
    Signature,
    /// The signature and the structure behind it.
    Structural,
}

/// What the bytes say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sniffed {
    /// The media type; `application/octet-stream` when unknown.
    pub media_type: Cow<'static, str>,
    /// A weaker type that is also true, such as `application/zip` for a Word document.
    pub parent: Option<&'static str>,
    /// How it is known.
    pub confidence: Confidence,
    /// What else was found.
    pub findings: Vec<Finding>,
    /// Ranges read.
    pub reads: u32,
    /// Bytes read.
    pub bytes: u64,
}

/// One object being looked at.
#[derive(Debug, Clone)]
pub struct Sniffer {
    source: Source,
    asked: Option<ByteRange>,
}

impl Sniffer {
    /// What can be read before the size is known: S3 answers with what there is of it.
    #[must_use]
    pub fn first_window() -> ByteRange {
        ByteRange { start: 0, len: WINDOW }
    }

    /// Begins with an object of `size` bytes, said to be a `claim`.
    ///
    /// Formats with a signature are recognised whatever is claimed. Text has none, so a claimed text type is verified
    /// rather than guessed against all others; without a claim the likeliest is named.
    #[must_use]
    pub fn start(size: u64, claim: Option<&MediaType>) -> (Self, Step) {
        let source = Source::new(size, claim.map(|claim| claim.essence().to_owned()));
        let mut sniffer = Self { source, asked: None };
        let step = if size == 0 {
            let mut report = Report::new();
            report.find(FindingCode::Empty, "no bytes");
            sniffer.done(report)
        } else {
            sniffer.ask(ByteRange { start: 0, len: WINDOW.min(size) })
        };
        (sniffer, step)
    }

    /// Takes the bytes of the range last asked for. Fewer than asked end the work with a `short-read` finding; more
    /// are cut off; bytes nobody asked for are ignored.
    #[must_use]
    pub fn feed(mut self, bytes: &[u8]) -> (Self, Step) {
        let Some(asked) = self.asked.take() else {
            let step = self.look(false);
            return (self, step);
        };
        let bytes = bytes::part(bytes, 0, bytes::index(asked.len));
        self.source.store(asked.start, bytes);
        let short = bytes::size(bytes.len()) < asked.len;
        let step = self.look(short);
        (self, step)
    }

    fn ask(&mut self, range: ByteRange) -> Step {
        self.asked = Some(range);
        Step::Read(range)
    }

    fn look(&mut self, short: bool) -> Step {
        let mut report = Report::new();
        match readers::read(&self.source, &mut report) {
            Ok(()) => {}
            Err(_) if short => {}
            Err(need) => match self.source.plan(need) {
                Some(range) => return self.ask(range),
                None => report.find(FindingCode::BudgetSpent, "the structure asks for more reads than it may"),
            },
        }
        if short {
            report.find(FindingCode::ShortRead, "fewer bytes than the range held");
        }
        self.done(report)
    }

    fn done(&self, report: Report) -> Step {
        Step::Done(Sniffed {
            media_type: report.media_type,
            parent: report.parent,
            confidence: report.confidence,
            findings: report.findings,
            reads: self.source.reads(),
            bytes: self.source.bytes(),
        })
    }
}

#[cfg(test)]
mod tests;
