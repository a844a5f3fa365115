//! Whole sniffings of tiny samples made here: types, findings, reads and what the shipped classes make of them.

use super::*;
use samples::*;

mod large;
mod live;
mod pdf;
mod samples;

/// Sniffs a slice as if it lay in a bucket, and checks the promises about reads on the way.
fn sniff(bytes: &[u8], claim: Option<&str>) -> Sniffed {
    let claim = claim.map(|claim| MediaType::parse(claim).unwrap());
    let total = bytes.len() as u64;
    let (mut sniffer, mut step) = Sniffer::start(total, claim.as_ref());
    let mut reads = 0;
    loop {
        match step {
            Step::Done(answer) => {
                assert_eq!(answer.reads, reads);
                return answer;
            }
            Step::Read(range) => {
                reads += 1;
                assert!(range.len > 0 && range.start + range.len <= total && reads <= 8);
                let (start, end) = (bytes::index(range.start), bytes::index(range.start + range.len));
                (sniffer, step) = sniffer.feed(bytes.get(start..end).unwrap());
            }
        }
    }
}

fn codes(sniffed: &Sniffed) -> Vec<&'static str> {
    sniffed.findings.iter().map(|finding| finding.code.as_str()).collect()
}

#[track_caller]
fn is(bytes: &[u8], media_type: &str) {
    assert_eq!(sniff(bytes, None).media_type, media_type);
}

#[track_caller]
fn finds(bytes: &[u8], claim: &str, code: FindingCode) {
    let sniffed = sniff(bytes, Some(claim));
    assert!(
        sniffed.findings.iter().any(|finding| finding.code == code),
        "{} {:?}",
        sniffed.media_type,
        sniffed.findings
    );
}

/// What the strict class rejects for.
fn rejected(bytes: &[u8], claim: &str) -> Vec<&'static str> {
    let sniffed = sniff(bytes, Some(claim));
    let declared = MediaType::parse(claim).unwrap();
    judge(&ContentRules::strict(), &declared, None, &sniffed).rejected.iter().map(|(code, _)| *code).collect()
}

#[track_caller]
fn passes(bytes: &[u8], claim: &str) {
    assert_eq!(rejected(bytes, claim), Vec::<&str>::new());
}

#[track_caller]
fn fails(bytes: &[u8], claim: &str, code: &str) {
    let found = rejected(bytes, claim);
    assert!(found.contains(&code), "{found:?}");
}

/// What the shipped class `default` makes of it: codes rejected and flagged.
fn standard(bytes: &[u8], claim: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let declared = MediaType::parse(claim).unwrap();
    let judgement = judge(&ContentRules::standard(), &declared, None, &sniff(bytes, Some(claim)));
    let codes = |notes: Vec<(&'static str, String)>| notes.into_iter().map(|(code, _)| code).collect();
    (codes(judgement.rejected), codes(judgement.flagged))
}

#[test]
fn nothing_is_read_of_an_empty_object() {
    let sniffed = sniff(b"", Some("image/png"));
    assert_eq!((sniffed.reads, codes(&sniffed)), (0, vec!["empty"]));
    fails(b"", "image/png", "empty");
}

#[test]
fn storage_that_answers_short_is_a_finding() {
    let (sniffer, step) = Sniffer::start(100_000, None);
    assert_eq!(step, Step::Read(ByteRange { start: 0, len: 16 * 1024 }));
    let (_, Step::Done(answer)) = sniffer.feed(&png()) else { panic!("asks on") };
    assert!(codes(&answer).contains(&"short-read"));
}

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
fn pictures_that_are_no_good() {
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
        // Far apart, so that the end must be asked for.
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

#[test]
fn documents() {
    is(PDF, "application/pdf");
    passes(PDF, "application/pdf");
    fails(b"%PDF-1.4", "application/pdf", "stub");
    fails(&[&PDF[..20], b"/Encrypt 5 0 R", &PDF[20..]].concat(), "application/pdf", "encrypted");
    fails(&[&PDF[..20], b"/JS (x)", &PDF[20..]].concat(), "application/pdf", "active-content");
    finds(&PDF[..70], "application/pdf", FindingCode::Truncated);
    fails(b"{\\rtf1{\\*\\template http://x/y}}", "application/rtf", "remote-template");
}

#[test]
fn new_office() {
    is(&docx(&[]), DOCX);
    passes(&docx(&[]), DOCX);
    is(
        &zip(&[item("[Content_Types].xml", &types("application/vnd.ms-word.document.macroEnabled.main+xml"))]),
        "application/vnd.ms-word.document.macroEnabled.12",
    );
    fails(&docx(&[item("word/vbaProject.bin", b"x")]), DOCX, "macros");
    fails(&docx(&[item("xl/macrosheets/sheet1.xml", b"x")]), DOCX, "macros");
    finds(&docx(&[item("word/embeddings/oleObject1.bin", b"x")]), DOCX, FindingCode::EmbeddedObject);
    let relations = |target: &str| {
        format!("<Relationship Type=\"r/attachedTemplate\" Target=\"{target}\" TargetMode=\"External\"/>").into_bytes()
    };
    fails(&docx(&[item("word/_rels/settings.xml.rels", &relations("https://x/a.dotm"))]), DOCX, "remote-template");
    passes(&docx(&[item("word/_rels/settings.xml.rels", &relations("file:///C:/Normal.dotm"))]), DOCX);
    fails(&zip(&[item("word/document.xml", b"x")]), DOCX, "content-mismatch");
    fails(&docx(&[]), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "content-mismatch");
    // The list of types behind a large part: no head shows it.
    let far = zip(&[
        item("media/a", &vec![1; 70_000]),
        item(
            "[Content_Types].xml",
            &types("application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
        ),
    ]);
    let sniffed = sniff(&far, Some(DOCX));
    assert_eq!((&*sniffed.media_type, sniffed.reads), (DOCX, 2));
}

#[test]
fn old_office() {
    is(&cfb(&["WordDocument"]), "application/msword");
    is(&cfb(&["Workbook"]), "application/vnd.ms-excel");
    is(&cfb(&["PowerPoint Document"]), "application/vnd.ms-powerpoint");
    is(&cfb(&["__properties_version1.0"]), "application/vnd.ms-outlook");
    fails(&cfb(&["EncryptedPackage"]), DOCX, "encrypted");
    fails(&cfb(&["WordDocument", "_VBA_PROJECT"]), "application/msword", "macros");
    fails(&cfb(&["Other"]), "application/msword", "content-mismatch");
    fails(b"{\\rtf1 x}", "application/msword", "content-mismatch");
}

#[test]
fn archives() {
    let good = zip(&[item("a.txt", b"hello"), item("b/c.txt", b"world")]);
    is(&good, ZIP);
    passes(&good, ZIP);
    is(&zip(&[item("mimetype", b"application/epub+zip"), item("x", b"")]), "application/epub+zip");
    is(&zip(&[item("META-INF/MANIFEST.MF", b"a")]), "application/java-archive");
    fails(&[&good[..], &good].concat(), ZIP, "zip-two-ends");
    fails(&[b"some bytes", &good[..]].concat(), ZIP, "zip-prefix");
    fails(&good[..good.len() - 30], ZIP, "truncated");
    fails(&zip(&[item("../a", b"x")]), ZIP, "zip-traversal");
    fails(&zip(&[item("..\\a", b"x")]), ZIP, "zip-traversal");
    fails(&zip(&[item("/etc/a", b"x")]), ZIP, "zip-traversal");
    fails(&zip(&[Item { mode: 0o120_777, ..item("a", b"/etc/passwd") }]), ZIP, "zip-symlink");
    fails(&zip(&[Item { flags: 1, ..item("a", b"x") }]), ZIP, "encrypted");
    fails(&zip(&[Item { local: "b", ..item("a", b"x") }]), ZIP, "zip-mismatch");
    fails(&zip(&[item("a", b"x"), item("a", b"y")]), ZIP, "zip-duplicate");
    fails(&zip(&[item("a", b"xxxxxxxx"), Item { offset: Some(0), ..item("a", b"y") }]), ZIP, "zip-overlap");
    fails(&zip(&[Item { unpacked: Some(u32::MAX - 1), ..item("a", b"x") }]), ZIP, "bomb-size");
    finds(&zip(&[item("a.zip", b"x")]), ZIP, FindingCode::NestedArchive);
    finds(&zip(&[item("setup.exe", b"x")]), ZIP, FindingCode::ExecutableInside);
    // An end record that the comment of an earlier one holds.
    let mut hidden = good.clone();
    let end = hidden.len() - 2;
    hidden.splice(end.., 22u16.to_le_bytes());
    fails(&[&hidden[..], &good[good.len() - 22..]].concat(), ZIP, "zip-two-ends");
}

#[test]
fn film_and_sound() {
    is(&mp4(&[track(b"vide"), track(b"soun")].concat(), 10), "video/mp4");
    // The description behind the data is how cameras write it.
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
    // A hostile length that made another detector panic.
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
fn pages_under_other_names() {
    for page in [
        &b"<html><body>hi</body></html>"[..],
        b"<!-- a comment first --><p>hi</p>",
        b"\xef\xbb\xbf<!DOCTYPE html><title>x</title>",
        b"   \n\t<SCRIPT>alert(1)</SCRIPT>",
        b"<h\0tml><scr\0ipt>alert(1)</script>",
        b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body/></html>",
        b"<iframe src=x></iframe>",
    ] {
        fails(page, "text/plain", "content-mismatch");
        fails(page, "image/png", "content-mismatch");
    }
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("<html><body>".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    fails(&wide, "text/plain", "content-mismatch");
    let late = [&vec![b' '; 40_000][..], b"<html><body>hi</body></html>"].concat();
    fails(&late, "text/plain", "content-mismatch");
}

#[test]
fn drawings() {
    let drawing = |inner: &str| format!("<svg xmlns='http://www.w3.org/2000/svg'>{inner}</svg>").into_bytes();
    passes(&drawing("<path d='M0 0'/><image href='data:image/png;base64,AA'/>"), "image/svg+xml");
    for inner in [
        "<script>alert(1)</script>",
        "<s:script xmlns:s='http://www.w3.org/2000/svg'/>",
        "<rect onclick='x()'/>",
        "<rect\nonload = 'x()'/>",
        "<foreignObject><b/></foreignObject>",
        "<a href='java\nscript:x()'/>",
        "<use href='data:image/svg+xml;base64,AA#x'/>",
    ] {
        fails(&drawing(inner), "image/svg+xml", "active-content");
    }
    fails(&drawing("<image href='https://x/y.png'/>"), "image/svg+xml", "external-reference");
    fails(b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>", "image/svg+xml", "entities");
    // In the middle of a long picture: it is read whole.
    let long = drawing(&format!("{}<script/>{}", "<g/>".repeat(20_000), "<g/>".repeat(20_000)));
    fails(&long, "image/svg+xml", "active-content");
    finds(&drawing(&"<g/>".repeat(200_000)), "image/svg+xml", FindingCode::UnscannableMiddle);
}

#[test]
fn kinds_of_text() {
    is(b"hello, world\n", "text/plain");
    is(b"a,b,c\n1,2,3\n4,5,6\n", "text/csv");
    is(b"{\"a\": [1, 2.5e3, true, null], \"b\": {}}", "application/json");
    is(b"{\"a\":1}\n{\"a\":2}\n", "application/x-ndjson");
    is(b"# Title\n\nSome text with a [link](https://x/y).\n", "text/markdown");
    is(b"name: x\nlist:\n  - a\n  - b\n", "application/yaml");
    is(b"BEGIN:VCARD\nVERSION:4.0\nEND:VCARD\n", "text/vcard");
    is(b"From: a@b.c\nTo: d@e.f\nSubject: x\nMessage-ID: <1@b>\n\nhi\n", "message/rfc822");
    is(b"\xef\xbb\xbf{\"a\":1}", "application/json");
    is(b"Caf\xe9, cr\xe8me\n", "text/plain");
}

#[test]
fn declared_text_is_verified() {
    // Prose is a table of one column, for all anybody can tell.
    passes(b"Dear all,\nthis is no table at all, is it?\nYours\n", "text/csv");
    passes(b"caf\xe9,1\nth\xe9,2\n", "text/csv");
    passes(b"a,b\n1,2\n", "text/plain");
    finds(b"a,b\n1,=HYPERLINK(\"http://x\")\n", "text/csv", FindingCode::Formula);
    fails(b"callback({\"a\":1})", "application/json", "content-mismatch");
    fails(b"{\"a\":1,}", "application/json", "content-mismatch");
    fails(b"a,b\n1,\0\x012\n", "text/csv", "content-mismatch");
    finds(b"+ADw-script+AD4-", "text/plain", FindingCode::EncodingTrick);
    finds(b"{}\n{}\n", "application/json", FindingCode::ManyDocuments);
    finds(b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "application/xml", FindingCode::Entities);
    finds(b"<a xmlns:h='http://www.w3.org/1999/xhtml'><h:script/></a>", "application/xml", FindingCode::ActiveContent);
}

#[test]
fn extensions_and_generic_declarations() {
    let check = |bytes: &[u8], declared: &str, extension: &str| {
        agree(&MediaType::parse(declared).unwrap(), Some(extension), &sniff(bytes, Some(declared)))
    };
    assert_eq!(check(&png(), "image/png", "PNG"), Agreement::Agrees);
    assert_eq!(
        check(&png(), "image/png", "jpg"),
        Agreement::Contradicts { code: MismatchCode::ExtensionIsAnotherType }
    );
    assert_eq!(check(&png(), "application/octet-stream", "png"), Agreement::Generic);
    assert_eq!(check(b"\x01\x02\x03\x04", "application/octet-stream", "bin"), Agreement::Agrees);
    assert_eq!(check(b"\x01\x02\x03\x04", "application/x-own", "own"), Agreement::Unknown);
    assert_eq!(check(&docx(&[]), ZIP, "zip"), Agreement::Generic);
    assert_eq!(check(JPEG, "image/jpg", "jpeg"), Agreement::Agrees);
    assert_eq!(check(b"{\"a\":1}", "application/vnd.own+json", "json"), Agreement::Agrees);
}

#[test]
fn rules_have_names() {
    let mut rules = ContentRules::strict();
    for rule in ContentRules::RULES {
        rules.set(rule, Action::Allow).unwrap();
        assert_eq!(rules.get(rule), Some(Action::Allow));
    }
    assert_eq!(rules.set("no_such", Action::Flag), Err(UnknownRule));
    let declared = MediaType::parse("image/jpeg").unwrap();
    assert_eq!(judge(&rules, &declared, Some("gif"), &sniff(b"MZ\x90\0", Some("image/jpeg"))), Judgement::default());
}

#[test]
fn a_type_without_macros_that_has_some_is_a_deception() {
    let sample = docx(&[item("word/vbaProject.bin", b"x")]);
    let declared = MediaType::parse(DOCX).unwrap();
    let judgement = judge(&ContentRules::standard(), &declared, Some("docx"), &sniff(&sample, Some(DOCX)));
    assert_eq!(judgement.rejected.first().map(|(code, _)| *code), Some("macros"));
}

#[test]
fn codes_are_distinct() {
    let mut texts: Vec<&str> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), FindingCode::ALL.len());
}

mod laws {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_answered_within_budget(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in ".{0,200}") {
            sniff(&bytes, None);
            sniff(text.as_bytes(), Some("text/csv"));
        }

        #[test]
        fn a_cut_sample_is_answered_too(cut in 0usize..400, at in 0usize..400, flip in any::<u8>()) {
            for mut sample in [docx(&[]), png(), PDF.to_vec(), cfb(&["WordDocument"]), mp4(&track(b"soun"), 9)] {
                if let Some(b) = sample.get_mut(at) {
                    *b ^= flip;
                }
                sample.truncate(sample.len().saturating_sub(cut));
                sniff(&sample, None);
            }
        }
    }
}
