//! Sizes of objects and parts.

use std::fmt;

/// A number of bytes.
///
/// - Always exact `u64` bytes inside; units exist only in text.
/// - Parses `"200 MB"` (powers of 1000), `"48.8 TiB"` (powers of 1024) and bare bytes.
/// - Arithmetic on it is checked: there is no operator that could wrap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(u64);

/// A text that is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a size: use bytes, or a number with a unit such as \"200 MB\" or \"48 TiB\"")]
pub struct InvalidSize;

impl ByteSize {
    /// No bytes at all.
    pub const ZERO: Self = Self(0);

    /// A size of exactly `bytes` bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// Reads a size as people write it.
    ///
    /// # Errors
    /// [`InvalidSize`] when the text is no number with an optional unit, or is beyond `u64` bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidSize> {
        // parse-size skips blanks anywhere and takes "" for nothing: only the latter needs a guard.
        if !text.bytes().any(|b| b.is_ascii_digit()) {
            return Err(InvalidSize);
        }
        parse_size::parse_size(text).map(Self).map_err(|_| InvalidSize)
    }

    /// The sum, or `None` beyond `u64` bytes.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
}

const UNITS: [(&str, u64); 10] = [
    ("EB", 1_000_000_000_000_000_000),
    ("PiB", 1 << 50),
    ("PB", 1_000_000_000_000_000),
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
];

/// Exact and parseable: the largest unit that divides the size evenly, else bytes.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, factor) in UNITS {
            if self.0 >= factor && self.0.is_multiple_of(factor) {
                return write!(f, "{} {unit}", self.0 / factor);
            }
        }
        write!(f, "{} B", self.0)
    }
}

impl fmt::Debug for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByteSize({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_write() {
        for (text, bytes) in [
            ("0", 0),
            ("1", 1),
            ("200 MB", 200_000_000),
            ("5 MiB", 5 << 20),
            ("48.828125 TiB", 53_687_091_200_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(ByteSize::parse(text).map(ByteSize::bytes), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", " ", "MB", "-1", "18446744073709551616", "17 EiB", "5 parsecs", "NaN", "٣ MB"] {
            assert_eq!(ByteSize::parse(text), Err(InvalidSize), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(bytes: u64, unit in 0..10usize, n in 1..1000u64) {
            for size in [ByteSize(bytes), ByteSize(n.saturating_mul(UNITS[unit].1))] {
                prop_assert_eq!(ByteSize::parse(&size.to_string()), Ok(size));
            }
        }
    }
}
