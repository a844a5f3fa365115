//! Kinds of files that are easily taken for others.

use super::samples::*;
use super::*;

#[test]
fn pictures_in_boxes_with_other_brands() {
    let picture = |brands: &[u8]| {
        let items = boxed(b"meta", &[&[0; 4][..], &boxed(b"iloc", &[0; 8])].concat());
        [&boxed(b"ftyp", brands)[..], &items].concat()
    };
    for (brands, kind) in [
        (&b"mif1\0\0\0\0mif1heic"[..], "image/heic"),
        (b"msf1\0\0\0\0msf1hevc", "image/heic"),
        (b"avis\0\0\0\0avifmif1", "image/avif-sequence"),
        (b"avio\0\0\0\0avifmif1", "image/avif"),
        (b"MA1B\0\0\0\0mif1", "image/avif"),
        (b"abcd\0\0\0\0mif1avif", "image/avif"),
        (b"mif1\0\0\0\0mif1", "image/heif"),
    ] {
        is(&picture(brands), kind);
        passes(&picture(brands), kind);
    }
    let low_overhead = [boxed(b"ftyp", b"mif3avif"), boxed(b"mini", &[7; 40])].concat();
    passes(&low_overhead, "image/avif");
    // A movie can list the brand of its cover.
    is(&[boxed(b"ftyp", b"isom\0\0\0\0avif"), boxed(b"moov", &track(b"vide"))].concat(), "video/mp4");
    is(&[boxed(b"sidx", &[0; 24]), boxed(b"moof", &[0; 24])].concat(), "video/mp4");
}

#[test]
fn audio_in_a_video_container() {
    let webm = |tracks: &[u8]| {
        [
            b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\xff\x16\x54\xae\x6b\x88",
            tracks,
            b"\x1f\x43\xb6\x75\x80",
        ]
        .concat()
    };
    let audio = webm(b"\xae\x83\x83\x81\x02");
    assert_eq!(reported(&audio, "video/webm"), ["no-video"]);
    passes(&audio, "audio/webm");
    passes(&webm(b"\xae\x83\x83\x81\x01"), "video/webm");
}

#[test]
fn raw_pictures() {
    // Little-endian, with one directory of short values.
    let tiff = |tags: &[(u16, u16)], make: &[u8]| {
        let at = u32::try_from(8 + 2 + 12 * (tags.len() + 1) + 4).unwrap();
        let count = u16::try_from(tags.len() + 1).unwrap();
        let mut bytes = [b"II\x2a\0\x08\0\0\0", &count.to_le_bytes()[..]].concat();
        let len = u32::try_from(make.len()).unwrap();
        bytes.extend([&271u16.to_le_bytes()[..], b"\x02\0", &len.to_le_bytes(), &at.to_le_bytes()].concat());
        for (id, value) in tags {
            bytes.extend([&id.to_le_bytes()[..], b"\x03\0\x01\0\0\0", &value.to_le_bytes(), b"\0\0"].concat());
        }
        [&bytes[..], &[0; 4], make].concat()
    };
    let nikon = b"NIKON CORPORATION\0";
    for (tags, make, kind) in [
        (&[(273, 8), (330, 8)][..], &nikon[..], "image/x-nikon-nef"),
        (&[(273, 8), (37398, 1)], nikon, "image/x-nikon-nef"),
        (&[(259, 34713), (273, 8)], nikon, "image/x-nikon-nef"),
        (&[(262, 32803), (273, 8)], b"SONY            \0", "image/x-sony-arw"),
        (&[(273, 8)], nikon, "image/tiff"),
        (&[(259, 5), (273, 8), (330, 8)], nikon, "image/tiff"),
        (&[(273, 8), (50706, 1)], nikon, "image/x-adobe-dng"),
    ] {
        is(&tiff(tags, make), kind);
    }
    let big =
        b"II\x2b\0\x08\0\0\0\x10\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x11\x01\x03\0\x01\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\
        \x12\xc6\x01\0\x04\0\0\0\0\0\0\0\x01\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    passes(big, "image/x-adobe-dng");
}

#[test]
fn packages() {
    let main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
    let list = format!("<Types><Override PartName='/xl/workbook.xml' ContentType='{main}'/></Types>");
    let book =
        |more: Item<'_>| zip(&[item("[Content_Types].xml", list.as_bytes()), item("xl/workbook.xml", b"<a/>"), more]);
    is(&book(item("xl/styles.xml", b"a")), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    let sheet = "application/vnd.ms-excel.sheet.macroEnabled.12";
    is(&book(item("xl/vbaProject.bin", b"a")), sheet);
    assert_eq!(reported(&book(item("xl/vbaProject.bin", b"a")), sheet), ["macros"]);
    let typed = |name: &str, inner: &str| {
        let list = list.replace("</Types>", &format!("{inner}</Types>"));
        sniff(
            &zip(&[item("[Content_Types].xml", list.as_bytes()), item("xl/workbook.xml", b"<a/>"), item(name, b"b")]),
            None,
        )
    };
    let part = "<Override PartName='/xl/other.bin' ContentType='application/vnd.ms-office.vbaProject'/>";
    let default = "<Default Extension='bin' ContentType='application/vnd.ms-office.vbaProject'/>";
    for (name, inner, macros) in [
        ("xl/other.bin", part, true),
        ("xl/other.bin", default, true),
        ("xl/printerSettings/printerSettings1.bin", default, false),
        ("xl/styles.xml", default, false),
        ("xl/styles.xml", part, false),
    ] {
        assert_eq!(typed(name, inner).media_type == sheet, macros, "{name} {inner}");
    }
    let manifest = item("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0");
    is(&zip(&[manifest, item("a.txt", b"b")]), "application/java-archive");
    let late =
        |name| zip(&[item("a.txt", b"b"), item("c.txt", b"d"), item("META-INF/MANIFEST.MF", b"e"), item(name, b"f")]);
    is(&late("g.txt"), ZIP);
    is(&late("g.class"), "application/java-archive");
    let root = "<m:file-entry m:media-type=\"application/vnd.sun.xml.calc\" m:full-path=\"/\"/>";
    let old = zip(&[item("content.xml", b"<a/>"), item("META-INF/manifest.xml", root.as_bytes())]);
    is(&old, "application/vnd.sun.xml.calc");
    is(&zip(&[item("a.numbers/Index.zip", b"b")]), "application/vnd.apple.numbers");
    is(&cfb(&["StarWriterDocument"]), "application/vnd.stardivision.writer");
    is(b"\xdb\xa5\x2d\0\0\0\x09\x04\0\0\0\0", "application/msword");
}

#[test]
fn texts() {
    let wide =
        |text: &str, unit: fn(u32) -> [u8; 4]| -> Vec<u8> { text.chars().flat_map(|c| unit(c.into())).collect() };
    for unit in [u32::to_le_bytes, u32::to_be_bytes] {
        for mark in ["", "\u{feff}"] {
            passes(&wide(&format!("{mark}some text"), unit), "text/plain");
            fails(&wide(&format!("{mark}<html><body>"), unit), "text/plain", "content-mismatch");
        }
    }
    is(b"name\tage\tcity\nAnn\t1\tRome\nBob\t2\tOslo\n", "text/tab-separated-values");
    is(b"1\t2\n3\t4\n5\t6\n", "text/plain");
    is(b"1.5, 2.5, 3.5\n4.5, 5.5, 6.5\n7.5, 8.5, 9.5\n", "text/csv");
    is(b"id,name\n1,a\n2,b,\n3,c\n", "text/csv");
    is(b"\"a\",\"b\",\"c\"\n\"1\",\"2\"\n\"3\",\"4\",\"5\",6\n", "text/csv");
    is(b"---\ntitle: a\n---\n\nSome text.\n", "text/markdown");
    is(b"---\ntitle: a\n---\n", "application/yaml");
    passes(b"---\ntitle: a\n---\n", "text/markdown");
    is(b"a = 1\n[b]\nc = \"\"\"\n# Title\n\n[link](https://x/y)\n\"\"\"\nd = 2\ne = 3\n", "application/toml");
    let logo = b"<p align=\"center\"><img src=\"x.png\"></p>\n\n# Title\n\ntext\n";
    assert_eq!(reported(logo, "text/markdown"), ["starts-as-html"]);
    assert_eq!(sniff(logo, Some("text/markdown")).media_type, "text/markdown");
    fails(b"<p onclick=\"x()\">\n\n# Title\n\ntext\n", "text/markdown", "content-mismatch");
    is(b"=====\nTitle\n=====\n\nText with ``code``.\n", "text/x-rst");
    assert_eq!(
        reported(b"// comment\n{\n  \"a\": \"//b\", // c\n  \"d\": [1,],\n}\n", "application/json"),
        ["json-comments"]
    );
    for scalar in [&b"null"[..], b"12\n", b"\"a\"", b"[]", b"\xef\xbb\xbf{}"] {
        passes(scalar, "application/json");
    }
    passes(b"<a/>", "application/xml");
    fails(b"<a/>", "text/plain", "content-mismatch");
    fails(b"<p><script>x()</script></p>", "application/xml", "content-mismatch");
    fails(b"<p onclick='x()'/>", "application/xml", "content-mismatch");
    passes(b"- a\n- b\n- c: d\n", "text/markdown");
    assert_eq!(reported(b"<!-- a -->\n# Title\n", "text/markdown"), ["starts-as-html"]);
    let sheet: Vec<u8> = "\u{feff}a\tb\n1\t2\n3\t4\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    passes(&sheet, "text/csv");
    for text in [&b"MZ\n"[..], b"%PDF-1.4 is a header\n", b"\xef\xbb\xbf", b"\n\n", b"x"] {
        passes(text, "text/plain");
    }
    passes(b"Date: x\nFrom: a@b.c\nSubject: x\n\n%PDF-1.4 1 0 obj\n", "message/rfc822");
    fails(b"/* a */ alert(1)", "application/json", "content-mismatch");
}

#[test]
fn mail_and_web_archives() {
    let mail = "From: a@b.c\nTo: d@e.f\nSubject: x\nMIME-Version: 1.0\nMessage-ID: <1@b>\nContent-Type: ";
    let body = "\n\n--x\nContent-Type: multipart/related;\n type=\"text/html\"\n\n";
    is(format!("{mail}multipart/alternative; boundary=x{body}").as_bytes(), "message/rfc822");
    is(format!("{mail}multipart/related; boundary=x{body}").as_bytes(), "message/rfc822");
    let archive = format!("{mail}multipart/related;\n boundary=x\n\n--x\nContent-Location: https://x/y\n\n");
    is(archive.as_bytes(), "multipart/related");
    is(b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\n", "multipart/related");
}

#[test]
fn markup() {
    let root = "xmlns='http://www.w3.org/1999/xhtml'";
    is(format!("<?xml version='1.0'?><ui:a {root} xmlns:ui='urn:x'/>").as_bytes(), "application/xml");
    is(format!("<?xml version='1.0'?><div {root}/>").as_bytes(), "application/xhtml+xml");
    is(
        format!("<?xml version='1.0'?><h:body {}/>", root.replace("xmlns", "xmlns:h")).as_bytes(),
        "application/xhtml+xml",
    );
    is(
        format!("<?xml version='1.0'?><a xmlns='urn:x' {}/>", root.replace("xmlns", "xmlns:h")).as_bytes(),
        "application/xml",
    );
}

#[test]
fn medical_pictures_without_preamble() {
    let element = |group: u16, number: u16, kind: &[u8], value: &[u8]| {
        let len = u16::try_from(value.len()).unwrap();
        [&group.to_le_bytes()[..], &number.to_le_bytes(), kind, &len.to_le_bytes(), value].concat()
    };
    let mut elements = [
        element(8, 5, b"CS", b"ISO_IR 100"),
        element(8, 8, b"CS", b"ORIGINAL"),
        element(8, 0x16, b"UI", b"1.2.3\0"),
        element(8, 0x60, b"CS", b"MR"),
        element(0x10, 0x10, b"PN", b"A^"),
    ];
    passes(&elements.concat(), "application/dicom");
    elements.swap(1, 2);
    fails(&elements.concat(), "application/dicom", "content-mismatch");
}

#[test]
fn old_icons() {
    let icon = b"CI\x1a\0\0\0\0\0\0\0\x4e\0\0\0\x0c\0\0\0\x20\0\x40\0\x01\0\x01\0\0\0\0\xff\xff\xff";
    passes(icon, "image/x-icon");
    passes(&[b"BA\x28\0\0\0\x78\0\0\0\0\0\0\0", &icon[..]].concat(), "image/x-icon");
}
