//! The samples that fuzzing mutates: at least one tiny file for each content reader.

#![expect(clippy::cast_possible_truncation, reason = "the samples are tiny")]

/// All samples.
pub(super) fn samples() -> Vec<Vec<u8>> {
    let mut samples: Vec<Vec<u8>> = BINARY.iter().map(|sample| sample.to_vec()).collect();
    samples.extend(media());
    samples.extend(archives());
    samples.extend(TEXTS.iter().map(|text| text.as_bytes().to_vec()));
    samples.extend(TEXTS.iter().take(8).map(|text| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [&[0xff, 0xfe][..], &units].concat()
    }));
    samples
}

/// Samples that need no computed lengths or checksums.
const BINARY: &[&[u8]] = &[
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0\
        \xff\xda\0\x08\x01\x01\0\0\x3f\0\x7f\xff\xd9",
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x44\xac\0\0\x88\x58\x01\0\x02\0\x10\0data\0\0\0\0",
    b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x01\0\0\x01\0\0",
    b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0\0\0\0\0\x04\0\0\0\0\0\0\0\
        \0\0\0\0\0\0\0\0\0\0\0\0\xff\0",
    b"\0\0\x01\0\x01\0\x01\x01\0\0\x01\0\x18\0\x30\0\0\0\x16\0\0\0\x28\0\0\0",
    b"II\x2a\0\x08\0\0\0\x03\0\0\x01\x03\0\x01\0\0\0\x01\0\0\0\x0f\x01\x02\0\x06\0\0\0\x32\0\0\0\x4a\x01\
        \x04\0\x01\0\0\0\0\0\0\0\0\0\0\0NIKON\0",
    b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0\x16ihdr\0\0\0\x01\0\0\0\x01",
    b"\x1a\x45\xdf\xa3\x84\x42\x82\x84webm\x18\x53\x80\x67\xff\x83\x81\x02\x1f\x43\xb6\x75",
    b"ID3\x04\0\0\0\0\0\x0a0123456789\xff\xfb\x90\0\0\0\0",
    b"\xff\xf1\x50\x80\x01\x1f\xfc\0\xff\xf1\x50\x80\x01\x1f\xfc\0",
    b"%PDF-1.4\n1 0 obj<</JS(a)/Encrypt 1 0 R>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n",
    b"\x1f\x8b\x08\x08\0\0\0\0\0\x03a\0\x4b\x4c\x4a\x06\0\xc2\x41\x24\x35\x03\0\0\0",
    b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0\xb8\0\0\0PE\0\0",
    b"\x7fELF\x02\x01\x01\0",
    b"\xca\xfe\xba\xbe\0\0\0\x34",
    b"\x30\x82\x00\x04\x30\x02\x05\x00",
    b"7z\xbc\xaf\x27\x1c\0\x04\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0aaa",
    b"Rar!\x1a\x07\x01\0\x33\x92\xb5\xe5\x0a\x01\x05\x06\0\x05\x01\x01\x80\x80\0",
    b"P6\n# c\n1 1\n255\n\0\0\0",
    b"\0\0\x02\0\0\0\0\0\0\0\0\0\x01\0\x01\0\x18\0\0\0\0",
    b"{\\rtf1{\\*\\template http://x/a}{\\object\\objdata 00}}",
    b"PAR1",
    b"\x03\x7a\x01\x01\x01\0\0\0\x41\0\x0b\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0NAME\0\0\0\0\0\0\0C\
        \0\0\0\0\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r",
    b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0",
    b"P*M\x18\x04\0\0\0aaaa\x28\xb5\x2f\xfd",
];

const TEXTS: &[&str] = &[
    "hello, world\n",
    "a,b,c\n1,\"2,3\",4\n=SUM(A1),5,6\n",
    "a\tb\n1\t2\n",
    "{\"a\": [1, 2, {\"b\": null}], \"c\": \"\\u0020\"}",
    "{\"a\":1}\n{\"a\":2}\n",
    "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x \"y\">]><a xmlns=\"b\">&x;</a>",
    "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"x()\"><script>1</script><use href=\"http://x\"/></svg>",
    "<!-- c --><html><body><p>hi</p></body></html>",
    "<?php echo 1; ?>",
    "#!/bin/sh\necho hi\n",
    "# Title\n\nSome *text* [link](http://x/).\n\n```\ncode\n```\n",
    "Title\n=====\n\n.. note::\n\n   text `x`_\n",
    "\\documentclass{article}\n\\begin{document}\nx\n\\end{document}\n",
    "---\na: 1\nb:\n  - c\n  - |\n    d\n",
    "[a]\nb = 1\nc = [\n  2,\n]\n",
    "BEGIN:VCARD\nEND:VCARD\n",
    "From a@b Mon Jan  1 00:00:00 2001\nFrom: a\n\nx\n",
    "From: a@b\nTo: c@d\nMessage-ID: <1>\nMIME-Version: 1.0\n\nx\n",
    "1\n00:00:01,000 --> 00:00:02,000\nhi\n",
    "  0\nSECTION\n  2\nHEADER\n",
    "import os\n\ndef a(b):\n    return os.path\n",
    "const a = function () {\n  return 1;\n};\n",
    "body { color: red; }\n.a {\n  b: c;\n}\n",
    "@echo off\nset A=1\n",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
];

/// Images, audio and video whose formats consist of chunks or boxes.
fn media() -> Vec<Vec<u8>> {
    let ihdr = [&big_endian(1)[..], &big_endian(1), &[8, 2, 0, 0, 0]].concat();
    let png = [
        &b"\x89PNG\r\n\x1a\n"[..],
        &chunk(b"IHDR", &ihdr),
        &chunk(b"acTL", &[0; 8]),
        &chunk(b"IDAT", &[0; 9]),
        b"\0\0\0\0IEND\xae\x42\x60\x82",
    ];
    let audio = boxed(b"trak", &boxed(b"hdlr", b"\0\0\0\0\0\0\0\0soun\0\0\0\0"));
    let mp4 = [
        boxed(b"ftyp", b"isom\0\0\0\0isommp42"),
        boxed(b"moov", &[boxed(b"mvhd", &[0; 100]), audio].concat()),
        boxed(b"mdat", b"x"),
    ];
    let avif = [boxed(b"ftyp", b"mif1\0\0\0\0avifmif1"), boxed(b"meta", b"\0\0\0\0ispe\0\0\0\0\0\0\0\x01\0\0\0\x01")];
    let ogg =
        [&b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13"[..], b"OpusHead\x01\x02\0\0\0\0\0\0\0\0\0"];
    let asf = [
        &b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"[..],
        &[40, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2],
        b"\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b",
    ];
    let packet = [&[0x47][..], &[0; 187]].concat();
    vec![png.concat(), mp4.concat(), avif.concat(), ogg.concat(), asf.concat(), packet.repeat(3)]
}

/// ZIP files, OLE compound files (both including documents) and a tar archive.
fn archives() -> Vec<Vec<u8>> {
    let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
    let word = format!("<Types><Override PartName=\"/a\" ContentType=\"{word}\"/></Types>");
    let relationships = b"<Relationship Type=\"x/attachedTemplate\" Target=\"http://x/\" TargetMode=\"External\"/>";
    vec![
        zip(&[("a.txt", b"hello"), ("b/c.exe", b"MZ"), ("../x", b"")]),
        zip(&[
            ("mimetype", b"application/vnd.oasis.opendocument.text"),
            ("content.xml", b"<a/>"),
            ("Basic/S/M.xml", b""),
        ]),
        zip(&[
            ("[Content_Types].xml", word.as_bytes()),
            ("word/_rels/settings.xml.rels", relationships),
            ("word/vbaProject.bin", b"x"),
        ]),
        zip(&[("index.xml", b"<sl:document/>"), ("buildVersionHistory.plist", b"")]),
        zip(&[("META-INF/MANIFEST.MF", b"a"), ("x.class", b"b")]),
        cfb(&["WordDocument", "Macros"]),
        cfb(&["EncryptedPackage"]),
        cfb(&["Workbook", "_VBA_PROJECT_CUR"]),
        tar(),
    ]
}

fn big_endian(n: u32) -> [u8; 4] {
    n.to_be_bytes()
}

fn chunk(name: &[u8], data: &[u8]) -> Vec<u8> {
    [&big_endian(data.len() as u32)[..], name, data, &[0; 4]].concat()
}

fn boxed(name: &[u8], data: &[u8]) -> Vec<u8> {
    [&big_endian(data.len() as u32 + 8)[..], name, data].concat()
}

/// A ZIP with uncompressed entries.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in entries {
        let (len, at) = ((data.len() as u32).to_le_bytes(), (out.len() as u32).to_le_bytes());
        let rest = [&[0; 8][..], &len, &len, &(name.len() as u16).to_le_bytes(), &[0; 2]].concat();
        out.extend([&b"PK\x03\x04\x14\0\0\0\0\0"[..], &[0; 4], &rest[4..], name.as_bytes(), data].concat());
        directory.extend(
            [&b"PK\x01\x02\x14\x03\x14\0\0\0\0\0"[..], &[0; 4], &rest[4..], &[0; 12], &at, name.as_bytes()].concat(),
        );
        let fix = directory.len() - name.len() - 4;
        directory[fix..fix + 4].copy_from_slice(&at);
    }
    let (count, len, start) = (
        (entries.len() as u16).to_le_bytes(),
        (directory.len() as u32).to_le_bytes(),
        (out.len() as u32).to_le_bytes(),
    );
    [&out[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &len, &start, &[0; 2]].concat()
}

/// An OLE compound file with one directory sector.
fn cfb(names: &[&str]) -> Vec<u8> {
    let mut head = vec![0u8; 512];
    head[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    head[30] = 9;
    head[48] = 1;
    head[76..].fill(0xff);
    head[76..80].copy_from_slice(&[0; 4]);
    let mut table = vec![0xffu8; 512];
    table[4..8].copy_from_slice(&0xffff_fffeu32.to_le_bytes());
    let mut directory = Vec::new();
    for (n, name) in ["Root Entry"].iter().chain(names).enumerate() {
        let mut entry = vec![0u8; 128];
        for (at, unit) in name.encode_utf16().enumerate() {
            entry[at * 2..at * 2 + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entry[64] = name.len() as u8 * 2 + 2;
        entry[66] = if n == 0 { 5 } else { 2 };
        entry[68..80].fill(0xff);
        if n == 0 {
            entry[76..80].copy_from_slice(&1u32.to_le_bytes());
        } else if n < names.len() {
            entry[72..76].copy_from_slice(&(n as u32 + 1).to_le_bytes());
        }
        directory.extend(entry);
    }
    directory.resize(512, 0);
    [head, table, directory].concat()
}

fn tar() -> Vec<u8> {
    let mut block = vec![0u8; 512];
    block[..5].copy_from_slice(b"a.txt");
    block[124..135].copy_from_slice(b"00000000005");
    block[148..156].fill(b' ');
    block[257..262].copy_from_slice(b"ustar");
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
    block.extend([0; 1024]);
    block
}
