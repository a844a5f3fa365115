//! Audio, video and programs.

use super::samples::*;
use super::*;

#[test]
fn audio_and_video() {
    is(&mp4(&[track(b"vide"), track(b"soun")].concat(), 10), "video/mp4");
    // Cameras write the description of the tracks after the data.
    passes(&mp4(&track(b"vide"), 200_000), "video/mp4");
    finds(&mp4(&track(b"soun"), 200_000), "video/mp4", FindingCode::NoVideo);
    fails(&mp4(&track(b"vide"), 90_000)[..50_000], "video/mp4", "truncated");
    fails(
        &[&boxed(b"ftyp", b"isom\0\0\0\0")[..], b"<html><script>alert(1)</script>"].concat(),
        "video/mp4",
        "active-content",
    );
    is(b"\x1a\x45\xdf\xa3\x84\x42\x82\x84webm\x18\x53\x80\x67\xff", "video/webm");
    is(b"ID3\x04\0\0\0\0\0\x0a0123456789fLaC", "audio/flac");
    fails(b"RIFF\x24\0\0\0WAVE<html></html>", "audio/wav", "stub");
    // An invalid length that made another detector panic.
    is(
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c\x01\0\0\0\0\0\0\0\x01\0\0\0\x01\x02",
        "video/x-ms-asf",
    );
}

#[test]
fn programs() {
    for (bytes, claim) in [
        (&b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0"[..], "image/jpeg"),
        (b"\x7fELF\x02\x01\x01\0", "text/plain"),
        (b"\0asm\x01\0\0\0", "text/plain"),
        (b"<?php system($_GET['c']);", "image/png"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", "application/octet-stream"),
    ] {
        fails(bytes, claim, "executable");
    }
    fails(b"#!/bin/sh\nrm -rf /\n", "text/plain", "content-mismatch");
}

#[test]
fn core_audio() {
    let chunk = |name: &[u8], data: &[u8]| [name, &u64::try_from(data.len()).unwrap().to_be_bytes()[..], data].concat();
    let start = [&b"caff\0\x01\0\0"[..], &chunk(b"desc", &[1; 32])].concat();
    let caf = [&start[..], &chunk(b"free", &[0; 4000]), &chunk(b"data", &[0; 90])].concat();
    passes(&caf, "audio/x-caf");
    finds(&[&start[..], &[0; 900]].concat(), "audio/x-caf", FindingCode::SignatureOnly);
    fails(&caf, "application/mbox", "content-mismatch");
}
