//! Pictures, and second files after or inside another file.

use super::samples::*;
use super::*;

#[test]
fn pictures() {
    is(&png(), "image/png");
    is(JPEG, "image/jpeg");
    is(GIF, "image/gif");
    is(b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x01\0\0\x01\0\0\0\0\0\0", "image/webp");
    is(&png_of(1, &chunk(b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0])), "image/apng");
    passes(&png(), "image/png");
    passes(JPEG, "image/jpeg");
    passes(GIF, "image/gif");
}

#[test]
fn defects_of_pictures() {
    fails(&png_of(60_000, &[]), "image/png", "pixel-bomb");
    fails(&png_of(1, &chunk(b"acTL", &[0, 0xff, 0xff, 0xff, 0, 0, 0, 0])), "image/png", "pixel-bomb");
    fails(JPEG.split_last().unwrap().1, "image/jpeg", "truncated");
    fails(b"\xff\xd8\xff", "image/jpeg", "stub");
    fails(b"\x89PNG\r\n\x1a\n", "image/png", "stub");
    fails(b"GIF89a\x01\0\x01\0\0\0\0<html><script>alert(1)</script>", "image/gif", "malformed");
    fails(&GIF[..GIF.len() - 3], "image/gif", "truncated");
    fails(&png(), "image/jpeg", "content-mismatch");
    fails(&[0; 400], "image/png", "content-mismatch");
}

#[test]
fn second_files() {
    let archive = zip(&[item("a.txt", b"hello")]);
    for (first, claim) in [
        (png(), "image/png"),
        (JPEG.to_vec(), "image/jpeg"),
        (GIF.to_vec(), "image/gif"),
        (PDF.to_vec(), "application/pdf"),
    ] {
        fails(&[&first[..], &archive].concat(), claim, "polyglot");
        // Far apart, so that the end needs a read of its own.
        fails(&[&first[..], &vec![7; 90_000], &archive].concat(), claim, "polyglot");
    }
    fails(&[&png()[..], b"Rar!\x1a\x07\x01\0"].concat(), "image/png", "polyglot");
    fails(&[&png()[..], b"<script>1</script>"].concat(), "image/png", "active-content");
    fails(&[&JPEG[..20], b"%PDF-1.4", &JPEG[20..]].concat(), "image/jpeg", "polyglot");
    finds(&[&png()[..], b"something"].concat(), "image/png", FindingCode::TrailingData);
    passes(&[&png()[..], &[0; 100]].concat(), "image/png");
    let mut disk = [PDF, &vec![b' '; 40_000]].concat();
    disk.splice(32_769..32_774, *b"CD001");
    fails(&[&disk[..], b"startxref\n9\n%%EOF"].concat(), "application/pdf", "polyglot");
}
