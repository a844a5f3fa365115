//! Text, HTML and SVG.

use super::*;

#[test]
fn html_with_another_claim() {
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
fn svg() {
    let picture = |inner: &str| format!("<svg xmlns='http://www.w3.org/2000/svg'>{inner}</svg>").into_bytes();
    passes(&picture("<path d='M0 0'/><image href='data:image/png;base64,AA'/>"), "image/svg+xml");
    for inner in [
        "<script>alert(1)</script>",
        "<s:script xmlns:s='http://www.w3.org/2000/svg'/>",
        "<rect onclick='x()'/>",
        "<rect\nonload = 'x()'/>",
        "<foreignObject><b/></foreignObject>",
        "<a href='java\nscript:x()'/>",
        "<use href='data:image/svg+xml;base64,AA#x'/>",
    ] {
        fails(&picture(inner), "image/svg+xml", "active-content");
    }
    fails(&picture("<image href='https://x/y.png'/>"), "image/svg+xml", "external-reference");
    fails(b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>", "image/svg+xml", "entities");
    // In the middle of a long picture, which is read completely.
    let long = picture(&format!("{}<script/>{}", "<g/>".repeat(20_000), "<g/>".repeat(20_000)));
    fails(&long, "image/svg+xml", "active-content");
    finds(&picture(&"<g/>".repeat(200_000)), "image/svg+xml", FindingCode::UnscannableMiddle);
}

#[test]
fn text_types() {
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
fn claimed_text_is_verified() {
    // Prose is a valid table of one column.
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
