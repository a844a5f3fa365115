//! Bounded decompression of deflate data.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// Inflates raw deflate data into at most `max_bytes` bytes. Invalid or truncated data yields the bytes before the
/// error.
pub(crate) fn inflate(data: &[u8], max_bytes: usize) -> Vec<u8> {
    inflate_to_end(data, max_bytes).0
}

/// Where inflating ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InflateEnd {
    /// The data ends at this offset.
    Data(usize),
    /// The output is full, or the input is cut.
    Limit,
    /// The data is invalid.
    Invalid,
}

/// Like [`inflate`], and how it ended.
pub(crate) fn inflate_to_end(data: &[u8], max_bytes: usize) -> (Vec<u8>, InflateEnd) {
    let mut out = vec![0; max_bytes];
    let mut state = DecompressorOxide::new();
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, read, written) = decompress(&mut state, data, &mut out, 0, flags);
    out.truncate(written);
    let end = match status {
        TINFLStatus::Done => InflateEnd::Data(read),
        TINFLStatus::HasMoreOutput | TINFLStatus::NeedsMoreInput | TINFLStatus::FailedCannotMakeProgress => {
            InflateEnd::Limit
        }
        _ => InflateEnd::Invalid,
    };
    (out, end)
}
