//! Files as browsers, phones and office programs send them: each kind with relatives, through the deployed stack.
//!
//! The bytes are made here. What matters is the name, the declared type and the start of the content.

use serde_json::{Value, json};

use crate::api::alice;
use crate::support::asset;

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Accepted,
    /// Accepted with this finding.
    Flagged(&'static str),
    Rejected,
    /// No grant, with this code.
    Refused(&'static str),
}
use Outcome::{Accepted, Flagged, Refused, Rejected};

/// A file with its class, name and declared type.
struct Case(&'static str, &'static str, &'static str, Vec<u8>, Outcome);

/// Requests all grants, sends all files, and then waits for the verdicts.
fn check(cases: Vec<Case>) {
    let granted: Vec<_> = cases
        .into_iter()
        .map(|case| {
            let Case(class, name, declared, bytes, outcome) = case;
            let mut body = json!({ "filename": name, "size": bytes.len(), "class": class });
            if !declared.is_empty() {
                body["contentType"] = declared.into();
            }
            let answer = alice().request_grant(&body);
            let label = format!("{class} {name:?} as {declared:?}");
            if let Refused(code) = outcome {
                assert_eq!((answer.status, &answer.json()["code"]), (422, &json!(code)), "{label}");
                return (label, None, outcome);
            }
            assert_eq!(answer.status, 201, "{label}: {}", answer.text());
            let grant = crate::api::Grant(answer.json());
            assert_eq!(grant.put(&bytes).status, 200, "{label}");
            (label, Some(grant), outcome)
        })
        .collect();
    for (label, grant, outcome) in granted {
        let Some(grant) = grant else { continue };
        let record = alice().verdict(grant.id());
        let findings: Vec<&Value> = record["findings"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
        let status = if outcome == Rejected { "rejected" } else { "accepted" };
        assert_eq!(record["status"], status, "{label}: {record}");
        if let Flagged(code) = outcome {
            assert!(findings.contains(&&json!(code)), "{label}: {record}");
        }
    }
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// UTF-16 with a byte order mark, as Notepad and Excel write it.
fn utf16(text: &str, little_endian: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|unit: u16| if little_endian { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

const TABLE: &str = "name;city\nAda;London\nAlan;Wilmslow\n";
const NOTES: &str = "Buy milk and bread on the way home.\r\nCall the dentist.\r\n";

#[test]
fn text_with_a_byte_order_mark_is_text() {
    check(vec![
        Case("default", "notes.txt", "text/plain", utf16(NOTES, true), Accepted),
        Case("default", "notes.txt", "text/plain", utf16(NOTES, false), Accepted),
        Case("default", "report.txt", "text/plain", utf16("name\tcity\r\nAda\tLondon\r\n", true), Accepted),
        Case("default", "short.txt", "", utf16("hi", true), Flagged("type-resolved")),
        Case("default", "table.csv", "text/csv", [b"\xef\xbb\xbf", TABLE.as_bytes()].concat(), Accepted),
    ]);
}

#[test]
fn a_declared_type_is_a_hint() {
    let zip = || asset("logs.zip");
    let png = || asset("lock.png");
    check(vec![
        Case("default", "customers.csv", "application/vnd.ms-excel", text(TABLE), Flagged("type-resolved")),
        Case("default", "customers.csv", "application/octet-stream", text(TABLE), Flagged("type-resolved")),
        Case("default", "customers.csv", "", text(TABLE), Flagged("type-resolved")),
        Case(
            "default",
            "README.md",
            "application/octet-stream",
            text("# Read me\n\n- one\n"),
            Flagged("type-resolved"),
        ),
        Case("default", "build.log", "text/x-log", text("12:00 built\n12:01 done\n"), Accepted),
        Case(
            "default",
            "area.geojson",
            "application/geo+json",
            text(r#"{"type": "Point", "coordinates": [1, 2]}"#),
            Accepted,
        ),
        Case(
            "default",
            "area.geojson",
            "",
            text(r#"{"type": "Point", "coordinates": [1, 2]}"#),
            Flagged("type-resolved"),
        ),
        Case("default", "a.zip", "application/octet-stream", zip(), Flagged("type-resolved")),
        Case("default", "a.zip", "multipart/x-zip", zip(), Accepted),
        Case("default", "a.zip", "application/x-zip-compressed", zip(), Accepted),
        Case("default", "p.png", "image/x-png", png(), Accepted),
        Case("default", "p.jpg", "image/pjpeg", asset("lock.jpg"), Accepted),
        Case("default", "a.pdf", "application/x-pdf", asset("note.pdf"), Accepted),
        Case("default", "log.docx", "application/msword", asset("log.docx"), Flagged("type-resolved")),
        Case("default", "log.docx", "application/zip", asset("log.docx"), Flagged("type-resolved")),
        Case("default", "photo", "", png(), Refused("type-required")),
        Case("default", "setup.exe", "", asset("program.exe"), Refused("type-not-allowed")),
        Case("default", "setup.exe", "image/png", png(), Refused("extension-not-allowed")),
        Case("strict", "customers.csv", "application/vnd.ms-excel", text(TABLE), Refused("extension-not-allowed")),
        Case("strict", "customers.csv", "application/octet-stream", text(TABLE), Refused("type-not-allowed")),
        Case("strict", "customers.csv", "", text(TABLE), Refused("type-required")),
    ]);
}

#[test]
fn harmless_content_of_another_type_is_accepted_with_a_finding() {
    let (png, jpg, gif) = (asset("lock.png"), asset("lock.jpg"), asset("lock.gif"));
    let html = "<p align=\"center\"><img alt=\"logo\"></p>\n\n# Sluice\n\nSome *text*.\n";
    check(vec![
        Case("default", "photo.jpg", "image/jpeg", png.clone(), Flagged("content-mismatch")),
        Case("default", "photo.png", "image/png", jpg.clone(), Flagged("content-mismatch")),
        Case("default", "photo.webp", "image/webp", gif, Flagged("content-mismatch")),
        Case("avatar", "me.jpg", "image/jpeg", png.clone(), Flagged("content-mismatch")),
        Case("default", "README.md", "text/markdown", text(html), Flagged("starts-as-html")),
        Case("default", "deploy.txt", "text/plain", text("#!/bin/sh\necho deploy\n"), Flagged("content-mismatch")),
        Case("default", "tool.txt", "text/plain", text("#!/usr/bin/env python3\nprint(1)\n"), Accepted),
        Case("default", "rows.json", "application/json", text("{\"a\": 1}\n{\"a\": 2}\n"), Flagged("many-documents")),
        // More dangerous than declared, or not allowed under this name.
        Case("default", "page.txt", "text/plain", asset("page.html"), Rejected),
        Case("default", "README.md", "text/markdown", text("<script>alert(1)</script>\n"), Rejected),
        Case("default", "invoice.png", "image/png", asset("program.exe"), Rejected),
        Case("default", "photo.jpg", "image/jpeg", asset("note.pdf"), Rejected),
        Case("default", "photo.pdf", "application/pdf", jpg, Rejected),
        Case("strict", "photo.jpg", "image/jpeg", png, Rejected),
        Case("strict", "deploy.txt", "text/plain", text("#!/bin/sh\necho deploy\n"), Rejected),
    ]);
}

#[test]
fn names_are_cleaned_for_the_download() {
    let png = || asset("lock.png");
    let cleaned = Flagged("name-cleaned");
    check(vec![
        Case("default", "\u{200e}translated\u{200e}.png", "image/png", png(), cleaned),
        Case("default", "Meeting 10:30.png", "image/png", png(), cleaned),
        Case("default", "index.php.png", "image/png", png(), cleaned),
        Case("default", "con.png", "image/png", png(), cleaned),
        Case("default", "photo", "image/png", png(), cleaned),
        Case("default", "blob", "image/png", png(), cleaned),
        Case("default", "photo.png.", "image/png", png(), cleaned),
        Case("default", ".photo.png", "image/png", png(), cleaned),
        Case("default", "Scan 2026.11", "image/png", png(), cleaned),
        Case("strict", "index.php.png", "image/png", png(), Refused("name-not-allowed")),
        Case("strict", "Meeting 10:30.png", "image/png", png(), Refused("name-not-allowed")),
    ]);
    for (name, served) in [
        ("index.php.png", "index_php.png"),
        ("blob", "blob.png"),
        ("Meeting 10:30.png", "Meeting%252010_30.png"),
        ("\u{200e}translated\u{200e}.png", "translated.png"),
    ] {
        let grant = alice().upload(name, "image/png", &png());
        let record = alice().verdict(grant.id());
        assert_eq!(record["filename"], name, "the record keeps the name");
        let content = alice().get(&format!("/uploads/{}/content?disposition=inline", grant.id()));
        assert_eq!(content.status, 200, "a cleaned name does not forbid inline display: {}", content.text());
        let url = content.json()["url"].as_str().unwrap().to_owned();
        assert!(url.contains(&format!("UTF-8%27%27{served}")), "{url}");
    }
}

#[test]
fn what_readers_open_is_no_broken_file_and_what_is_hollow_is_not_accepted_in_silence() {
    let (pdf, jpg, png) = (asset("note.pdf"), asset("lock.jpg"), asset("lock.png"));
    let without = |bytes: &[u8], end: &[u8]| {
        let at = (0..bytes.len()).rev().find(|at| bytes[*at..].starts_with(end)).unwrap();
        bytes[..at].to_vec()
    };
    let filled = |start: &[u8], filler: u8| [start, &vec![filler; 70_000]].concat();
    check(vec![
        Case(
            "default",
            "a.pdf",
            "application/pdf",
            [b"X-Gateway: checked\r\n\r\n", &*pdf].concat(),
            Flagged("leading-bytes"),
        ),
        Case("default", "a.pdf", "application/pdf", without(&pdf, b"%%EOF"), Flagged("no-end-mark")),
        Case("default", "a.jpg", "image/jpeg", [b"\r\n", &*jpg].concat(), Flagged("leading-bytes")),
        Case("default", "a.jpg", "image/jpeg", without(&jpg, b"\xff\xd9"), Flagged("no-end-mark")),
        Case("default", "hollow.jpg", "image/jpeg", filled(&jpg[..20], 0xff), Rejected),
        Case("default", "hollow.png", "image/png", filled(&png[..33], 0), Rejected),
        Case("default", "hollow.pdf", "application/pdf", filled(b"%PDF-1.7\n", b' '), Rejected),
        Case("default", "half.jpg", "image/jpeg", jpg[..jpg.len() / 3].to_vec(), Rejected),
    ]);
}

#[test]
fn a_refusal_tells_the_program_what_would_be_allowed() {
    let ask = |body: &Value| alice().request_grant(body).json();
    let problem =
        ask(&json!({ "filename": "me.png", "contentType": "image/png", "size": 5_000_001, "class": "avatar" }));
    assert_eq!((&problem["limit"], &problem["actual"]), (&json!(5_000_000), &json!(5_000_001)));
    let problem = ask(&json!({ "filename": "a.exe", "contentType": "image/png", "size": 5 }));
    assert_eq!(problem["actual"], "exe");
    assert!(problem["allowed"].as_array().unwrap().contains(&json!("png")));
    let problem = ask(&json!({ "filename": "a.svg", "contentType": "image/svg+xml", "size": 5 }));
    assert_eq!(problem["actual"], "image/svg+xml");
    assert!(problem["allowed"].as_array().unwrap().contains(&json!("pdf")));
    let empty = ask(&json!({ "filename": "a.png", "contentType": "image/png", "size": 0 }));
    assert_eq!((&empty["code"], &empty["limit"], &empty["actual"]), (&json!("too-small"), &json!(1), &json!(0)));
}
