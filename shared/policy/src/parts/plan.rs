//! Number and size of parts.

use super::number::PartNumber;
use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;

/// Number and size of the parts of a multipart upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartPlan {
    /// The client declared the size, so the size of every part is known.
    Sized {
        /// The size of the whole object.
        size: ByteSize,
        /// The size of every part except the last one, which may be smaller.
        part_size: ByteSize,
        /// The number of parts, at least 1.
        count: u32,
    },
    /// The client did not declare the size.
    Unsized {
        /// The maximum of the sum of all parts.
        limit: ByteSize,
        /// The recommended part size.
        part_size: ByteSize,
        /// The highest part number that Sluice signs.
        last: PartNumber,
    },
}

/// The object is too large for a multipart upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{size} is above the maximum of {parts} parts of {part_max}")]
pub struct ObjectTooLarge {
    /// The declared size.
    pub size: ByteSize,
    /// The store's largest number of parts.
    pub parts: u32,
    /// The store's largest part.
    pub part_max: ByteSize,
}

/// Part sizes are multiples of 1 MiB, unless the store's limit prevents it.
const PART_SIZE_STEP_BYTES: u64 = 1 << 20;

impl PartPlan {
    /// The plan for an object of `size`. Parts have at least `min_part_size`. They are larger if the store's limits or
    /// the number of parts require it.
    ///
    /// # Errors
    /// [`ObjectTooLarge`] above the store's largest number of its largest parts.
    pub fn sized(size: ByteSize, min_part_size: ByteSize, store: StoreLimits) -> Result<Self, ObjectTooLarge> {
        let too_large = ObjectTooLarge { size, parts: store.parts, part_max: store.part_max };
        let needed_bytes = size.bytes().div_ceil(u64::from(store.parts.max(1)));
        let min_bytes = needed_bytes.max(min_part_size.bytes()).max(store.part_min.bytes()).max(1);
        let rounded_bytes = min_bytes.checked_next_multiple_of(PART_SIZE_STEP_BYTES).unwrap_or(min_bytes);
        let part_bytes = rounded_bytes.min(store.part_max.bytes());
        let count = size.bytes().div_ceil(part_bytes.max(1)).max(1);
        match u32::try_from(count) {
            Ok(count) if count <= store.parts => {
                Ok(Self::Sized { size, part_size: ByteSize::from_bytes(part_bytes), count })
            }
            _ => Err(too_large),
        }
    }

    /// The plan for an object of unknown size up to `limit`.
    #[must_use]
    pub fn unsized_up_to(limit: ByteSize, min_part_size: ByteSize, store: StoreLimits) -> Self {
        // More parts than this, each of the store's minimum size, would exceed the limit.
        let count = limit.bytes().div_ceil(store.part_min.bytes().max(1));
        let last = u32::try_from(count).unwrap_or(u32::MAX).clamp(1, store.parts.max(1));
        let part_size = min_part_size.max(store.part_min).min(store.part_max);
        Self::Unsized { limit, part_size, last: PartNumber(last) }
    }

    /// The size of every part except the last one; only recommended if the object's size is unknown.
    #[must_use]
    pub fn part_size(&self) -> ByteSize {
        match self {
            Self::Sized { part_size, .. } | Self::Unsized { part_size, .. } => *part_size,
        }
    }

    /// The highest part number that Sluice signs.
    #[must_use]
    pub fn last(&self) -> PartNumber {
        match self {
            Self::Sized { count, .. } => PartNumber(*count),
            Self::Unsized { last, .. } => *last,
        }
    }

    /// The exact size of part `number`; `None` if the object's size is unknown or the number is above the last one.
    #[must_use]
    pub fn size_of(&self, number: PartNumber) -> Option<ByteSize> {
        match self {
            Self::Unsized { .. } => None,
            Self::Sized { count, .. } if number.get() > *count => None,
            Self::Sized { size, part_size, .. } => {
                let offset = u64::from(number.get() - 1).checked_mul(part_size.bytes())?;
                Some(ByteSize::from_bytes(size.bytes().checked_sub(offset)?.min(part_size.bytes())))
            }
        }
    }
}
