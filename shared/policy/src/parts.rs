//! Parts of a multipart upload: their numbers, their plan, and what is wrong with a list of them.

mod list;

use std::fmt;

use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;
pub use list::{Part, PartsProblem, Ranges};

/// The number of a part, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartNumber(u32);

impl PartNumber {
    /// The first.
    pub const FIRST: Self = Self(1);

    /// Part `number`; there is no part 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The one after it. A store with four thousand million parts does not exist.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What S3 calls the content of a part.
///
/// - Kept without the quotes that S3 puts around it, and read with or without: clients send both.
/// - Visible ASCII, at most 128 characters, none of them a quote.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

/// A text that is no `ETag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ETag")]
pub struct InvalidETag;

impl ETag {
    /// Reads an `ETag`, quoted or not.
    ///
    /// # Errors
    /// [`InvalidETag`] for what no store sends.
    pub fn parse(text: &str) -> Result<Self, InvalidETag> {
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let fine = (1..=128).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
        if fine { Ok(Self(bare.to_owned())) } else { Err(InvalidETag) }
    }

    /// What stands where S3 does not tell one any more.
    #[must_use]
    pub fn none() -> Self {
        Self("none".to_owned())
    }

    /// Without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As S3 writes it, in quotes.
impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl fmt::Debug for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ETag({})", self.0)
    }
}

/// How an object is cut into parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartPlan {
    /// The size is known, and with it that of every part.
    Sized {
        /// The whole.
        size: ByteSize,
        /// Every part but the last.
        part_size: ByteSize,
        /// How many there are; at least one.
        count: u32,
    },
    /// The size shows only as parts arrive.
    Unsized {
        /// What they may add up to.
        limit: ByteSize,
        /// What a client should cut by, unless it knows better.
        part_size: ByteSize,
        /// The highest number that is ever signed.
        last: PartNumber,
    },
}

/// An object that no plan covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{size} is more than {parts} parts of {part_max} can hold")]
pub struct BeyondTheStore {
    /// The size asked for.
    pub size: ByteSize,
    /// How many parts the store takes.
    pub parts: u32,
    /// The largest part it takes.
    pub part_max: ByteSize,
}

/// Part sizes are multiples of this, where the store lets them.
const FRIENDLY: u64 = 1 << 20;

impl PartPlan {
    /// The plan for exactly `size`: parts of `smallest`, or as much larger as the store's count of parts asks for.
    ///
    /// # Errors
    /// [`BeyondTheStore`] for a size that the largest parts in the largest number don't hold.
    pub fn sized(size: ByteSize, smallest: ByteSize, store: StoreLimits) -> Result<Self, BeyondTheStore> {
        let beyond = BeyondTheStore { size, parts: store.parts, part_max: store.part_max };
        let needed = size.bytes().div_ceil(u64::from(store.parts.max(1)));
        let wanted = needed.max(smallest.bytes()).max(store.part_min.bytes()).max(1);
        let friendly = wanted.checked_next_multiple_of(FRIENDLY).unwrap_or(wanted).min(store.part_max.bytes());
        let count = size.bytes().div_ceil(friendly.max(1)).max(1);
        match u32::try_from(count) {
            Ok(count) if count <= store.parts => {
                Ok(Self::Sized { size, part_size: ByteSize::from_bytes(friendly), count })
            }
            _ => Err(beyond),
        }
    }

    /// The plan for anything up to `limit`.
    #[must_use]
    pub fn unsized_up_to(limit: ByteSize, smallest: ByteSize, store: StoreLimits) -> Self {
        // Parts of the smallest size that the store takes: more of them than this can't keep within the limit.
        let numbers = limit.bytes().div_ceil(store.part_min.bytes().max(1));
        let last = u32::try_from(numbers).unwrap_or(u32::MAX).clamp(1, store.parts.max(1));
        let part_size = smallest.max(store.part_min).min(store.part_max);
        Self::Unsized { limit, part_size, last: PartNumber(last) }
    }

    /// What clients should cut by.
    #[must_use]
    pub fn part_size(&self) -> ByteSize {
        match self {
            Self::Sized { part_size, .. } | Self::Unsized { part_size, .. } => *part_size,
        }
    }

    /// The highest number that may be signed.
    #[must_use]
    pub fn last(&self) -> PartNumber {
        match self {
            Self::Sized { count, .. } => PartNumber(*count),
            Self::Unsized { last, .. } => *last,
        }
    }

    /// The exact size of part `number`, where the plan knows it; `None` also for a number beyond the plan.
    #[must_use]
    pub fn size_of(&self, number: PartNumber) -> Option<ByteSize> {
        match self {
            Self::Unsized { .. } => None,
            Self::Sized { count, .. } if number.0 > *count => None,
            Self::Sized { size, part_size, .. } => {
                let offset = u64::from(number.0 - 1).checked_mul(part_size.bytes())?;
                Some(ByteSize::from_bytes(size.bytes().checked_sub(offset)?.min(part_size.bytes())))
            }
        }
    }
}

#[cfg(test)]
mod tests;
