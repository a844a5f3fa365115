//! Checks of a list of parts: missing, wrong and changed ones.

use std::fmt;

use super::etag::ETag;
use super::number::PartNumber;
use super::plan::PartPlan;
use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;

/// A part that S3 stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number.
    pub number: PartNumber,
    /// Its entity tag.
    pub etag: ETag,
    /// Its size.
    pub size: ByteSize,
    /// Its checksum in base64, with the session's algorithm; `None` in a session without part checksums.
    pub checksum: Option<String>,
}

/// Why a list of parts is not a complete object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartsProblem {
    /// Not in ascending order, or a number is repeated.
    #[error("part {0} is out of order or repeated: list each part once, in ascending order")]
    Order(PartNumber),
    /// A number above the last one of the plan.
    #[error("part {number} is above the last one, {last}")]
    AboveLast {
        /// The listed number.
        number: PartNumber,
        /// The last number of the plan.
        last: PartNumber,
    },
    /// S3 does not have these parts.
    #[error("parts are missing: {0}")]
    Missing(Ranges),
    /// The sum is below the declared size.
    #[error("the parts have {sum} in total, but the declared size is {size}: send the remaining parts")]
    Short {
        /// The sum of all parts.
        sum: ByteSize,
        /// The declared size.
        size: ByteSize,
    },
    /// A listed checksum is not one of the session's algorithm.
    #[error("part {0}: the checksum is not valid for this session's algorithm")]
    InvalidChecksum(PartNumber),
    /// The size of these parts differs from the plan.
    #[error("the size of these parts differs from the plan: {0}")]
    WrongSize(Ranges),
    /// These parts are below the store's minimum, which applies to all parts except the last one.
    #[error("below the minimum of {min} for every part except the last one: {parts}")]
    TooSmall {
        /// Their numbers.
        parts: Ranges,
        /// The minimum.
        min: ByteSize,
    },
    /// The sum is above the maximum.
    #[error("the parts have {sum} in total, above the maximum of {limit} for this type")]
    TooLarge {
        /// The sum of all parts.
        sum: ByteSize,
        /// The maximum.
        limit: ByteSize,
    },
    /// S3 has another entity tag or checksum for these parts than the caller listed.
    #[error("parts changed since they were listed: {0}")]
    Changed(Ranges),
    /// A part was replaced between listing and completion.
    #[error("a part was replaced after it was listed: list the parts and complete again")]
    Replaced,
}

impl PartPlan {
    /// Checks that `numbers` are all parts of an object, in ascending order.
    ///
    /// # Errors
    /// The first problem, with the numbers of all parts that have it.
    pub fn check_numbers(&self, numbers: impl IntoIterator<Item = PartNumber>) -> Result<(), PartsProblem> {
        let last = self.last();
        let (mut missing, mut expected) = (Vec::new(), PartNumber::FIRST);
        for number in numbers {
            if number < expected {
                return Err(PartsProblem::Order(number));
            }
            if number > last {
                return Err(PartsProblem::AboveLast { number, last });
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
            // The number of parts is unknown, but an object has at least one.
            Self::Unsized { .. } if expected == PartNumber::FIRST => missing.push(expected),
            Self::Unsized { .. } => {}
        }
        if missing.is_empty() { Ok(()) } else { Err(PartsProblem::Missing(Ranges(missing))) }
    }

    /// Checks the parts that S3 lists against the plan, and returns the sum of their sizes.
    ///
    /// # Errors
    /// The first problem, with the numbers of all parts that have it.
    pub fn check_stored(&self, parts: &[Part], store: StoreLimits) -> Result<ByteSize, PartsProblem> {
        let sum = self.check_sum(parts)?;
        self.check_numbers(parts.iter().map(|part| part.number))?;
        let numbers_of = |has_problem: &dyn Fn(&Part) -> bool| {
            Ranges(parts.iter().filter(|part| has_problem(part)).map(|part| part.number).collect())
        };
        if let Self::Sized { .. } = self {
            let wrong = numbers_of(&|part| self.size_of(part.number) != Some(part.size));
            if !wrong.0.is_empty() {
                return Err(PartsProblem::WrongSize(wrong));
            }
        }
        let last = parts.last().map(|part| part.number);
        let small = numbers_of(&|part| part.size < store.part_min && Some(part.number) != last);
        if small.0.is_empty() { Ok(sum) } else { Err(PartsProblem::TooSmall { parts: small, min: store.part_min }) }
    }

    /// The sum of the sizes of `parts`, which need not be all parts yet.
    ///
    /// # Errors
    /// [`PartsProblem::TooLarge`] above the limit of a plan for an unknown size.
    pub fn check_sum(&self, parts: &[Part]) -> Result<ByteSize, PartsProblem> {
        // A sum above 64 bits is above every limit.
        let sum = parts.iter().try_fold(ByteSize::ZERO, |sum, part| sum.checked_add(part.size));
        let sum = sum.unwrap_or(ByteSize::from_bytes(u64::MAX));
        match self {
            Self::Unsized { limit, .. } if sum > *limit => Err(PartsProblem::TooLarge { sum, limit: *limit }),
            Self::Sized { .. } | Self::Unsized { .. } => Ok(sum),
        }
    }
}

impl PartsProblem {
    /// The difference between the parts that a caller listed and those that S3 `stored`, which must be in ascending
    /// order. Checksums are compared only if both sides have one.
    #[must_use]
    pub fn between(listed: &[(PartNumber, ETag, Option<String>)], stored: &[Part]) -> Option<Self> {
        let find = |number| stored.binary_search_by_key(&number, |part| part.number).ok().and_then(|i| stored.get(i));
        let (mut missing, mut changed) = (Vec::new(), Vec::new());
        let differ =
            |listed: &Option<String>, stored: &Option<String>| listed.is_some() && stored.is_some() && listed != stored;
        for (number, etag, checksum) in listed {
            match find(*number) {
                None => missing.push(*number),
                Some(part) if part.etag != *etag || differ(checksum, &part.checksum) => changed.push(*number),
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

/// Ascending part numbers, displayed as `2-5, 9`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranges(pub Vec<PartNumber>);

/// How many ranges [`Ranges`] displays before "and more".
const MAX_DISPLAYED_RANGES: usize = 20;

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = self.0.chunk_by(|a, b| a.next() == *b);
        for (i, range) in ranges.enumerate() {
            if i == MAX_DISPLAYED_RANGES {
                return write!(f, " and more, {} parts in total", self.0.len());
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
