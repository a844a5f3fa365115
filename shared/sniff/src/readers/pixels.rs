//! Limits for pixels and frames. A picture above a limit is a bomb if its file is too small for it, and large
//! otherwise.

use crate::finding::FindingCode;
use crate::report::Report;

/// The maximum number of pixels that most programs handle: 2^28, or 16,384 by 16,384.
///
/// The largest phone cameras have 200 megapixels. Pillow refuses more than 2 × 89,478,485 pixels, twice its
/// [`MAX_IMAGE_PIXELS`](https://pillow.readthedocs.io/en/stable/reference/Image.html) (as of 2026).
const MAX_PIXELS: u64 = 1 << 28;

/// The maximum number of pixels per byte of file in a legitimate large picture. Photographs have 1 to 20. Single-colour
/// pictures have hundreds; deflate limits them to 1,032 bytes of pixels per byte.
const MAX_PIXELS_PER_BYTE: u64 = 200;

/// The maximum number of animation frames that most programs handle.
const MAX_FRAMES: u64 = 100_000;

/// The minimum length of an APNG frame: a control chunk of 38 bytes and a data chunk of at least 12.
const MIN_FRAME_BYTES: u64 = 50;

/// Adds a finding if a picture in a file of `size` bytes has too many pixels.
pub(crate) fn check(report: &mut Report, size: u64, width: u64, height: u64) {
    let pixels = width.saturating_mul(height);
    if pixels > MAX_PIXELS {
        let bomb = pixels / size.max(1) > MAX_PIXELS_PER_BYTE;
        let code = if bomb { FindingCode::PixelBomb } else { FindingCode::LargeContents };
        report.add_finding(code, format!("{width} by {height} pixels"));
    }
}

/// Adds a finding if an APNG file of `size` bytes has too many frames.
pub(crate) fn check_frames(report: &mut Report, size: u64, frames: u64) {
    if frames > MAX_FRAMES {
        let bomb = frames.saturating_mul(MIN_FRAME_BYTES) > size;
        let code = if bomb { FindingCode::PixelBomb } else { FindingCode::LargeContents };
        report.add_finding(code, format!("{frames} frames"));
    }
}
