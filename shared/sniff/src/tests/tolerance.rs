//! What the common readers of a format open is no broken file.

use super::samples::*;
use super::*;

/// Asserts that the claim holds and that `code` is the only finding.
#[track_caller]
fn tolerates(bytes: &[u8], claim: &str, code: FindingCode) {
    let mut found = reported(bytes, claim);
    found.retain(|code| !ORDINARY_CODES.contains(code));
    assert_eq!(found, [code.as_str()]);
}

#[test]
fn bytes_before_a_pdf_header() {
    for before in [
        &b"\x0a\xf2\xc0\x0a"[..],
        b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n",
        b"\0\x05a.pdf\0\0\0\0",
        &[7; 900],
        b"\x1b%-12345X@PJL JOB\r\n",
    ] {
        tolerates(&[before, PDF].concat(), "application/pdf", FindingCode::LeadingBytes);
    }
    passes(&[b"\xef\xbb\xbf\r\n", PDF].concat(), "application/pdf");
    // Another format or script before the header.
    for before in [
        &b"<html><script>x()</script>"[..],
        b"#!/bin/sh\n",
        b"PK\x03\x04aaaa",
        b"<!-- a -->",
        b"GIF89a",
        b"%!PS-Adobe-3.0\n",
        b"BM",
    ] {
        let found = reported(&[before, PDF].concat(), "application/pdf");
        assert!(found.contains(&"content-mismatch") || found.contains(&"second-signature"), "{found:?}");
    }
    // Readers search the first 1,024 bytes, and text can quote a header.
    fails(&[&[7; 1100][..], PDF].concat(), "application/pdf", "content-mismatch");
    passes(b"A PDF begins with %PDF-1.4 and a version.\n", "text/plain");
}

#[test]
fn a_missing_end_mark() {
    let end = PDF.len() - 6;
    tolerates(&PDF[..end], "application/pdf", FindingCode::NoEndMark);
    tolerates(&[&PDF[..end], b"\r\n\r\n"].concat(), "application/pdf", FindingCode::NoEndMark);
    fails(&PDF[..40], "application/pdf", "stub");
    fails(&[&PDF[..end], b"Rar!\x1a\x07\x01\0"].concat(), "application/pdf", "polyglot");
    tolerates(&JPEG[..JPEG.len() - 2], "image/jpeg", FindingCode::NoEndMark);
    tolerates(&[&JPEG[..JPEG.len() - 2], &vec![0x55; 40_000]].concat(), "image/jpeg", FindingCode::NoEndMark);
    // Other data after the picture, which can be an archive in the middle of a longer file.
    let other = [0xff, 0x35].repeat(20_000);
    fails(&[&JPEG[..JPEG.len() - 2], &other, &[1]].concat(), "image/jpeg", "truncated");
    tolerates(&GIF[..GIF.len() - 1], "image/gif", FindingCode::NoEndMark);
    tolerates(&png()[..png().len() - 12], "image/png", FindingCode::NoEndMark);
    fails(&png()[..png().len() - 13], "image/png", "truncated");
}

#[test]
fn bytes_before_a_picture() {
    for before in [&b"\r\n"[..], b"\xef\xbb\xbf", b"\0\0", b"\n \n", &[0; 128]] {
        for (picture, claim) in [(JPEG.to_vec(), "image/jpeg"), (png(), "image/png"), (GIF.to_vec(), "image/gif")] {
            tolerates(&[before, &picture].concat(), claim, FindingCode::LeadingBytes);
        }
    }
    for before in [&b"#!/bin/sh\n"[..], b"<script>x()</script>", b"MZ\x90\0\x03\0"] {
        let found = reported(&[before, JPEG].concat(), "image/jpeg");
        assert!(found.contains(&"second-signature") || found.contains(&"executable"), "{found:?}");
    }
    // A picture that is cut is cut behind foreign bytes too, and the reads fit.
    fails(&[b"\r\n", &JPEG[..JPEG.len() - 1]].concat(), "image/jpeg", "truncated");
    let long = [b"\r\n", &png_of(9, &chunk(b"tEXt", &vec![b' '; 200_000]))[..]].concat();
    tolerates(&long, "image/png", FindingCode::LeadingBytes);
}

#[test]
fn audio_after_junk_or_padding() {
    let frame = [&b"\xff\xfb\x90\0"[..], &[0; 413]].concat();
    passes(&frame.repeat(5), "audio/mpeg");
    tolerates(&[&b"\x01\x02 junk \x80\x90"[..], &frame.repeat(5)].concat(), "audio/mpeg", FindingCode::LeadingBytes);
    let tag = b"ID3\x04\0\0\0\0\0\x0a0123456789";
    passes(&[tag, &[0; 3000][..], &frame.repeat(5)].concat(), "audio/mpeg");
    passes(&[&frame.repeat(3)[..], b"TAG", &[0; 125]].concat(), "audio/mpeg");
    // Two frames in a row occur by chance.
    fails(&[&b"\x01\x02\x80\x90"[..], &frame.repeat(2), &[1; 900]].concat(), "audio/mpeg", "unknown");
}

#[test]
fn bytes_after_the_end() {
    let mut archive = zip(&[item("a.txt", b"hello")]);
    passes(&archive, ZIP);
    let end = archive.len() - 2;
    archive.splice(end.., b"\x07\0comment".iter().copied());
    passes(&archive, ZIP);
    tolerates(&[&png()[..], b"thumbnail"].concat(), "image/png", FindingCode::TrailingData);
    tolerates(&[GIF, b"\x01\x02"].concat(), "image/gif", FindingCode::TrailingData);
}

#[test]
fn a_film_that_ends_early_after_its_movie_box() {
    let film = mp4(&track(b"vide"), 5_000);
    let (start, media, movie) = (&film[..24], &film[24..5_032], &film[5_032..]);
    let ends_early = |cut: usize| [start, movie, &media[..cut]].concat();
    tolerates(&ends_early(900), "video/mp4", FindingCode::CutShort);
    passes(&ends_early(media.len()), "video/mp4");
    // Nothing to play, or no movie box.
    fails(&ends_early(12), "video/mp4", "truncated");
    fails(&film[..900], "video/mp4", "truncated");
    fails(&[start, &movie[..movie.len() - 4]].concat(), "video/mp4", "truncated");
}
