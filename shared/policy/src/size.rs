//! Sizes of objects and parts.

use std::fmt;

/// A number of bytes.
///
/// - Stored as exact bytes. Only the text form has units.
/// - Parses `"200 MB"` (powers of 1000), `"48.8 TiB"` (powers of 1024) and bare bytes.
/// - Has checked arithmetic only, so a sum can't wrap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(u64);

/// The text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a size: use bytes, or a number with a unit such as \"200 MB\" or \"48 TiB\"")]
pub struct InvalidSize;

impl ByteSize {
    /// 0 bytes.
    pub const ZERO: Self = Self(0);

    /// A size in bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// Parses a number with an optional unit.
    ///
    /// # Errors
    /// [`InvalidSize`] for any other text, and above `u64::MAX` bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidSize> {
        // `parse_size` ignores blanks and reads text without digits as 0.
        if !text.bytes().any(|b| b.is_ascii_digit()) {
            return Err(InvalidSize);
        }
        parse_size::parse_size(text).map(Self).map_err(|_| InvalidSize)
    }

    /// The sum; `None` above `u64::MAX` bytes.
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

/// The largest unit that divides the size evenly, otherwise bytes. [`ByteSize::parse`] accepts the text.
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

impl ByteSize {
    /// The size as people read it: two decimals at most, in units of powers of 1000. It may be rounded.
    #[must_use]
    pub fn rounded(self) -> String {
        const DECIMAL: [(&str, u64); 4] =
            [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
        let Some((unit, factor)) = DECIMAL.into_iter().find(|(_, factor)| self.0 >= *factor) else {
            return if self.0 == 1 { "1 byte".to_owned() } else { format!("{} bytes", self.0) };
        };
        let hundredths = (self.0 / (factor / 100)) % 100;
        let whole = self.0 / factor;
        match hundredths {
            0 => format!("{whole} {unit}"),
            tenths if tenths % 10 == 0 => format!("{whole}.{} {unit}", tenths / 10),
            _ => format!("{whole}.{hundredths:02} {unit}"),
        }
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
    fn numbers_with_and_without_units_are_parsed() {
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
    fn other_texts_are_refused() {
        for text in ["", " ", "MB", "-1", "18446744073709551616", "17 EiB", "5 parsecs", "NaN", "٣ MB"] {
            assert_eq!(ByteSize::parse(text), Err(InvalidSize), "{text}");
        }
    }

    proptest! {
        #[test]
        fn displayed_sizes_parse_to_the_same_size(bytes: u64, unit in 0..10usize, n in 1..1000u64) {
            for size in [ByteSize(bytes), ByteSize(n.saturating_mul(UNITS[unit].1))] {
                prop_assert_eq!(ByteSize::parse(&size.to_string()), Ok(size));
            }
        }
    }
}
