//! A list of parts against the plan: which are missing, wrong, or changed.

use std::fmt;

use super::{ETag, PartNumber, PartPlan};
use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;

/// A part as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number.
    pub number: PartNumber,
    /// What the store calls its content.
    pub etag: ETag,
    /// Its size.
    pub size: ByteSize,
    /// Its checksum in base64, of the algorithm that the upload was begun with.
    pub checksum: Option<String>,
}

/// Why a list of parts makes no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartsProblem {
    /// Not ascending, or one number twice.
    #[error("part {0} stands after a part of the same or a higher number: list them in ascending order, each once")]
    Order(PartNumber),
    /// A number that the plan does not have.
    #[error("part {number} is beyond the last one, {last}")]
    Beyond {
        /// The number.
        number: PartNumber,
        /// The plan's last.
        last: PartNumber,
    },
    /// Some are not there.
    #[error("missing: {0}")]
    Missing(Ranges),
    /// They end before the size that was declared.
    #[error("the parts add up to {sum}, and {size} were declared: send the rest")]
    Short {
        /// What they add up to.
        sum: ByteSize,
        /// What was declared.
        size: ByteSize,
    },
    /// A part is listed with a checksum that is none.
    #[error("part {0} is listed with a checksum that is none of this session's kind")]
    NoChecksum(PartNumber),
    /// Some have another size than was signed.
    #[error("of another size than planned: {0}")]
    WrongSize(Ranges),
    /// Some are below what the store takes anywhere but at the end.
    #[error("below the store's minimum of {min}, and not the last: {parts}")]
    TooSmall {
        /// Which.
        parts: Ranges,
        /// The limit.
        min: ByteSize,
    },
    /// All together are too much.
    #[error("the parts add up to {sum}, above the maximum of {limit} for this type")]
    TooLarge {
        /// What they add up to.
        sum: ByteSize,
        /// The limit.
        limit: ByteSize,
    },
    /// The store has other content under these numbers than the caller names.
    #[error("other content than listed, so they were sent again since: {0}")]
    Changed(Ranges),
    /// Some part was sent again after the caller had listed them all.
    #[error("a part was sent again after it was listed: list the parts and complete again")]
    Replaced,
}

impl PartPlan {
    /// Whether `numbers` are all the parts of an object, in order.
    ///
    /// # Errors
    /// What is wrong, and with which parts.
    pub fn check_numbers(&self, numbers: impl IntoIterator<Item = PartNumber>) -> Result<(), PartsProblem> {
        let last = self.last();
        let (mut missing, mut expected) = (Vec::new(), PartNumber::FIRST);
        for number in numbers {
            if number < expected {
                return Err(PartsProblem::Order(number));
            }
            if number > last {
                return Err(PartsProblem::Beyond { number, last });
            }
            while expected < number {
                missing.push(expected);
                expected = expected.next();
            }
            expected = number.next();
        }
        match self {
            Self::Sized { .. } => {
                while expected <= last {
                    missing.push(expected);
                    expected = expected.next();
                }
            }
            // How many there should be is not known; none at all is no object.
            Self::Unsized { .. } if expected == PartNumber::FIRST => missing.push(expected),
            Self::Unsized { .. } => {}
        }
        if missing.is_empty() { Ok(()) } else { Err(PartsProblem::Missing(Ranges(missing))) }
    }

    /// Whether the store's own list makes the object, and what it adds up to.
    ///
    /// # Errors
    /// What is wrong, and with which parts.
    pub fn check_stored(&self, parts: &[Part], store: StoreLimits) -> Result<ByteSize, PartsProblem> {
        let sum = self.check_sum(parts)?;
        self.check_numbers(parts.iter().map(|part| part.number))?;
        let which = |wrong: &dyn Fn(&Part) -> bool| {
            Ranges(parts.iter().filter(|part| wrong(part)).map(|part| part.number).collect())
        };
        if let Self::Sized { .. } = self {
            let wrong = which(&|part| self.size_of(part.number) != Some(part.size));
            if !wrong.0.is_empty() {
                return Err(PartsProblem::WrongSize(wrong));
            }
        }
        let end = parts.last().map(|part| part.number);
        let small = which(&|part| part.size < store.part_min && Some(part.number) != end);
        if small.0.is_empty() { Ok(sum) } else { Err(PartsProblem::TooSmall { parts: small, min: store.part_min }) }
    }

    /// What the parts so far add up to, if that is not too much already.
    ///
    /// # Errors
    /// [`PartsProblem::TooLarge`].
    pub fn check_sum(&self, parts: &[Part]) -> Result<ByteSize, PartsProblem> {
        // Beyond 64 bits is beyond any limit.
        let sum = parts.iter().try_fold(ByteSize::ZERO, |sum, part| sum.checked_add(part.size));
        let sum = sum.unwrap_or(ByteSize::from_bytes(u64::MAX));
        match self {
            Self::Unsized { limit, .. } if sum > *limit => Err(PartsProblem::TooLarge { sum, limit: *limit }),
            Self::Sized { .. } | Self::Unsized { .. } => Ok(sum),
        }
    }
}

impl PartsProblem {
    /// What differs between what a caller lists and what the store has, if anything does. A checksum is compared where
    /// both have one.
    #[must_use]
    pub fn between(listed: &[(PartNumber, ETag, Option<String>)], stored: &[Part]) -> Option<Self> {
        let find = |number| stored.binary_search_by_key(&number, |part| part.number).ok().and_then(|i| stored.get(i));
        let (mut missing, mut changed) = (Vec::new(), Vec::new());
        let other = |told: &Option<String>, has: &Option<String>| told.is_some() && has.is_some() && told != has;
        for (number, etag, sum) in listed {
            match find(*number) {
                None => missing.push(*number),
                Some(part) if part.etag != *etag || other(sum, &part.checksum) => changed.push(*number),
                Some(_) => {}
            }
        }
        match (missing.is_empty(), changed.is_empty()) {
            (false, _) => Some(Self::Missing(Ranges(missing))),
            (true, false) => Some(Self::Changed(Ranges(changed))),
            (true, true) => None,
        }
    }
}

/// Ascending part numbers, shown as `2-5, 9`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranges(pub Vec<PartNumber>);

/// How many ranges are named before "and more": a sentence, not a listing.
const NAMED: usize = 20;

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = self.0.chunk_by(|a, b| a.next() == *b);
        for (i, range) in ranges.enumerate() {
            if i == NAMED {
                return write!(f, " and more, {} in all", self.0.len());
            }
            let separator = if i == 0 { "" } else { ", " };
            match range {
                [first, .., last] => write!(f, "{separator}{first}-{last}")?,
                [only] => write!(f, "{separator}{only}")?,
                [] => {}
            }
        }
        Ok(())
    }
}
