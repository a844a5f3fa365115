//! SHA-256 and hexadecimal text.

use sha2::{Digest, Sha256};

/// The SHA-256 of the concatenated `pieces`, as 64 lower-case hex digits.
#[must_use]
pub fn hex_sha256(pieces: &[&[u8]]) -> String {
    hex::encode(sha256(pieces))
}

/// The SHA-256 of the concatenated `pieces`.
#[must_use]
pub fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for piece in pieces {
        hasher.update(piece);
    }
    hasher.finalize().into()
}

/// `bytes` as lower-case hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}
