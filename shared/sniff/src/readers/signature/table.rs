//! Signatures: bytes at a fixed offset.

use crate::data::{Table, bytes, table};

/// An offset in bytes, the bytes there, and the media type.
pub(crate) type Signature = (usize, Vec<u8>, &'static str);

/// All signatures, in order of precedence.
pub(crate) static SIGNATURES: Table<Signature> = Table::new(|| {
    let rows = table(include_str!("../../../data/signatures.tsv")).into_iter();
    rows.map(|[at, text, kind]| (at.parse().expect("the first column is an offset"), bytes(text), kind)).collect()
});
