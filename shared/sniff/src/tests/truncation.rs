//! The signature of every reader, cut at every length: no panic, and the budget holds.

use super::samples::*;
use super::*;

/// A ustar header with a valid checksum.
fn tar_header() -> Vec<u8> {
    let mut header = vec![0; 512];
    header.splice(..1, *b"a");
    header.splice(124..135, *b"00000000000");
    header.splice(148..156, *b"        ");
    header.splice(257..262, *b"ustar");
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header.splice(148..156, format!("{sum:06o}\0 ").into_bytes());
    header
}

/// One sample per reader, with the media type of the complete sample.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let mut disk_image = vec![0; 40_000];
    disk_image.splice(32_769..32_774, *b"CD001");
    let mut gzip = b"\x1f\x8b\x08\x1c\0\0\0\0\0\x03\x04\0abcdname\0comment\0".to_vec();
    gzip.extend(b"\x01\x05\0\xfa\xffhello\0\0\0\0\x05\0\0\0");
    let mut tiff =
        b"II\x2a\0\x08\0\0\0\x02\0\x00\x01\x03\0\x01\0\0\0\x01\0\0\0\x01\x01\x03\0\x01\0\0\0\x01\0\0\0".to_vec();
    tiff.extend([0; 40]);
    let mut tga = b"\0\0\x02\0\0\0\0\0\0\0\0\0\x01\0\x01\0\x18\0\x01\x02\x03".to_vec();
    tga.extend(b"\0\0\0\0\0\0\0\0TRUEVISION-XFILE.\0");
    let mut bmp = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
    bmp.extend([0; 30]);
    let mut icon = b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x28\0\0\0\x16\0\0\0".to_vec();
    icon.extend([0; 60]);
    let mut der = b"\x30\x82\x01\x10\x30\x82\x01\x0c".to_vec();
    der.extend([1; 268]);
    let mut portable = vec![0; 68];
    portable.splice(..2, *b"MZ");
    portable.splice(60..68, *b"\x40\0\0\0PE\0\0");
    vec![
        ("application/vnd.microsoft.portable-executable", portable),
        ("application/x-elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec()),
        ("application/java-vm", b"\xca\xfe\xba\xbe\0\0\0\x34\0\x10\x0a\0\x02".to_vec()),
        ("image/png", png()),
        ("video/x-mng", [&b"\x8aMNG\r\n\x1a\n"[..], &chunk(b"MHDR", &[0; 28])].concat()),
        ("image/jpeg", JPEG.to_vec()),
        ("image/gif", GIF.to_vec()),
        ("image/webp", b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x01\0\0\x01\0\0\0\0\0\0".to_vec()),
        (
            "audio/wav",
            b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x44\xac\0\0\x88\x58\x01\0\x02\0\x10\0data\0\0\0\0".to_vec(),
        ),
        (ZIP, zip(&[item("a.txt", b"hello")])),
        (DOCX, docx(&[])),
        ("application/pdf", PDF.to_vec()),
        ("application/msword", cfb(&["WordDocument"])),
        ("video/mp4", mp4(&track(b"vide"), 10)),
        ("image/avif", [boxed(b"ftyp", b"avif\0\0\0\0mif1"), boxed(b"meta", &boxed(b"ispe", &[1; 12]))].concat()),
        (
            "image/jp2",
            b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0\x2djp2h\0\0\0\x16ihdr\0\0\0\x01\0\0\0\x01"
                .to_vec(),
        ),
        ("video/webm", b"\x1a\x45\xdf\xa3\x84\x42\x82\x84webm\x18\x53\x80\x67\xff\x83\x81\x01".to_vec()),
        ("image/tiff", tiff),
        ("audio/opus", b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x02".to_vec()),
        (
            "audio/x-ms-wma",
            b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c\x40\0\0\0\0\0\0\0\x01\0\0\0\x01\x02\
              \x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b"
                .to_vec(),
        ),
        ("image/bmp", bmp),
        ("application/gzip", gzip),
        ("application/x-tar", tar_header()),
        ("audio/flac", b"ID3\x04\0\0\0\0\0\x0a0123456789fLaC".to_vec()),
        ("audio/mpeg", [&b"\xff\xfb\x90\0"[..], &[0; 413]].concat()),
        ("audio/aac", b"\xff\xf1\x50\x80\x01\x1f\xfc\0".to_vec()),
        (
            "application/x-7z-compressed",
            b"7z\xbc\xaf\x27\x1c\0\x04\0\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        ),
        ("application/vnd.rar", b"Rar!\x1a\x07\x01\0\0\0\0\0\x0b\x04".to_vec()),
        ("application/rtf", b"{\\rtf1 {\\*\\template https://x/y}}".to_vec()),
        ("image/x-portable-pixmap", b"P6\n# comment\n1 1\n255\n\x01\x02\x03".to_vec()),
        ("image/vnd.microsoft.icon", icon),
        ("text/plain", b"hello, world\n".to_vec()),
        ("text/plain", b"\xff\xfen\0o\0t\0e\0".to_vec()),
        ("application/json", b"{\"a\": [1, 2.5e3, true, null, \"\\u00e9\"], \"b\": {}}".to_vec()),
        ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><a href='#b'>&amp;</a></svg>".to_vec()),
        ("application/xml", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".to_vec()),
        ("text/html", b"<!-- a --><!doctype html><title>b</title>".to_vec()),
        ("application/x-httpd-php", b"#!/usr/bin/php\n<?php echo 1;".to_vec()),
        ("message/rfc822", b"From: a@b.c\nTo: d@e.f\nSubject: x\nMessage-ID: <1@b>\n\nhi\n".to_vec()),
        ("text/csv", b"a,\"b\"\"c\",d\n1,2,3\n4,5,6\n".to_vec()),
        ("application/x-x509-der", der),
        ("image/x-tga", tga),
        ("application/x-iso9660-image", disk_image),
    ]
}

#[test]
fn complete_samples_reach_their_readers() {
    for (media_type, sample) in samples() {
        is(&sample, media_type);
    }
}

#[test]
fn any_cut_of_a_signature_is_sniffed_within_the_budget() {
    for (media_type, sample) in samples() {
        for len in 0..=sample.len().min(64) {
            let cut = &sample[..len];
            sniff(cut, None);
            sniff(cut, Some(media_type));
            // Bytes after the cut make readers request more ranges.
            let mut long = cut.to_vec();
            long.resize(70_000, 0);
            sniff(&long, Some(media_type));
        }
    }
}
