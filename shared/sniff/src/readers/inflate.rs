//! Bounded decompression of deflate data.

use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// Inflates raw deflate data into at most `max_bytes` bytes. Invalid or truncated data yields the bytes before the
/// error.
pub(crate) fn inflate(data: &[u8], max_bytes: usize) -> Vec<u8> {
    let mut out = vec![0; max_bytes];
    let mut state = DecompressorOxide::new();
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (_, _, written) = decompress(&mut state, data, &mut out, 0, flags);
    out.truncate(written);
    out
}
