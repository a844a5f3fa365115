//! Pixel counts, wherever a header gives them. What a picture declares is a bomb where its bytes can't hold it, and
//! merely large where they can.

use crate::sniff::FindingCode;
use crate::sniff::report::Report;

/// What most programs take: 2^28 pixels, a 16,384 by 16,384 square. Above the 200 megapixels of the largest phone
/// cameras; Pillow refuses from 2 × 89,478,485 (its `MAX_IMAGE_PIXELS`, twice).
const MOST: u64 = 1 << 28;

/// How many pixels a byte of a large picture holds at most. Photographs have 1 to 20; flat ones made to be large have
/// hundreds, up to deflate's 1,032 bytes for one.
const MOST_A_BYTE: u64 = 200;

/// The most animation frames that most programs take.
const MOST_FRAMES: u64 = 100_000;

/// Each frame of an APNG has a control chunk of 38 bytes, and a data chunk's 12 and more.
const FRAME: u64 = 50;

/// Notes a picture of `size` bytes whose header declares more pixels than a decoder should allocate unasked.
pub(super) fn check(report: &mut Report, size: u64, width: u64, height: u64) {
    let pixels = width.saturating_mul(height);
    if pixels > MOST {
        let bomb = pixels / size.max(1) > MOST_A_BYTE;
        let code = if bomb { FindingCode::PixelBomb } else { FindingCode::LargeContents };
        report.find(code, format!("{width} by {height} pixels"));
    }
}

/// Notes a picture of `size` bytes that declares more frames than a player should loop over.
pub(super) fn check_frames(report: &mut Report, size: u64, frames: u64) {
    if frames > MOST_FRAMES {
        let bomb = frames.saturating_mul(FRAME) > size;
        let code = if bomb { FindingCode::PixelBomb } else { FindingCode::LargeContents };
        report.find(code, format!("{frames} frames"));
    }
}
