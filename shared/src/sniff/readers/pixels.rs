//! Pixel counts, wherever a header gives them.

use crate::sniff::FindingCode;
use crate::sniff::report::Report;

/// The most pixels a picture may declare: 2^28, a 16,384 by 16,384 square. Above the 200 megapixels of the largest phone
/// cameras, and where Pillow (2 × 89,478,485, its documentation of 2025) refuses too within a factor of two.
const MOST: u64 = 1 << 28;

/// The most animation frames a picture may declare.
const MOST_FRAMES: u64 = 100_000;

/// Notes a picture whose header declares more pixels than a decoder should allocate.
pub(super) fn check(report: &mut Report, width: u64, height: u64) {
    if width.saturating_mul(height) > MOST {
        report.find(FindingCode::PixelBomb, format!("{width} by {height} pixels"));
    }
}

/// Notes a picture that declares more frames than a player should loop over.
pub(super) fn check_frames(report: &mut Report, frames: u64) {
    if frames > MOST_FRAMES {
        report.find(FindingCode::PixelBomb, format!("{frames} frames"));
    }
}
