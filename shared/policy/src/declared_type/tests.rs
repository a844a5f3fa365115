//! Which type is granted for what clients declare.

mod document;

use super::*;
use crate::document::{SHIPPED_POLICY, parse};

fn resolved(class: &str, declared: &str, name: &str) -> Option<String> {
    let policy = parse(SHIPPED_POLICY).unwrap();
    let declared = (!declared.is_empty()).then(|| MediaType::parse(declared).unwrap());
    let extension = crate::filename::FileName::parse(name).unwrap().extension();
    resolve(&policy.classes[class], declared.as_ref(), extension.as_deref()).map(|kind| kind.to_string())
}

#[test]
fn a_hint_is_resolved_by_the_extension() {
    for (declared, name, expected) in [
        ("application/vnd.ms-excel", "customers.csv", "text/csv"),
        ("application/octet-stream", "customers.csv", "text/csv"),
        ("", "customers.csv", "text/csv"),
        ("", "README.md", "text/markdown"),
        ("binary/octet-stream", "PHOTO.JPG", "image/jpeg"),
        ("text/x-log", "build.log", "text/plain"),
        ("application/geo+json", "area.geojson", "application/geo+json"),
        ("multipart/x-zip", "a.zip", "application/zip"),
        ("application/force-download", "a.pdf", "application/pdf"),
        ("application/x-pdf", "a.pdf", "application/pdf"),
        ("text/plain", "rows.json", "application/json"),
        ("application/zip", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("application/msword", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("video/mp4", "voice.m4a", "audio/mp4"),
        ("text/plain", "mail.eml", "message/rfc822"),
        ("application/pdf", "Report 2026.11", "application/pdf"),
        ("", "clip.mov", "video/quicktime"),
        ("", "invite.ics", "text/calendar"),
        // An informative type that the class allows for the extension stays, with its parameters.
        ("text/plain; charset=utf-8", "notes.txt", "text/plain; charset=utf-8"),
        ("image/png", "photo.jpg", "image/png"),
        ("image/png", "photo", "image/png"),
        // Another type is no guess for the extension: the policy refuses it.
        ("image/png", "report.pdf", "image/png"),
        ("text/html", "notes.txt", "text/html"),
        ("application/x-msdownload", "photo.png", "application/x-msdownload"),
    ] {
        assert_eq!(resolved("default", declared, name).as_deref(), Some(expected), "{declared} {name}");
    }
    let program = resolved("default", "", "setup.exe");
    assert_eq!(program.as_deref(), Some("application/vnd.microsoft.portable-executable"), "the refusal names the type");
    for (declared, name) in [("", "photo"), ("", "x.unknown")] {
        assert_eq!(resolved("default", declared, name), None, "{name}");
    }
    assert_eq!(resolved("default", "application/octet-stream", "x").as_deref(), Some("application/octet-stream"));
}

#[test]
fn a_class_with_exact_types_takes_them_as_declared() {
    assert_eq!(resolved("strict", "", "a.csv"), None);
    for declared in ["application/octet-stream", "image/jpg", "application/vnd.ms-excel"] {
        assert_eq!(resolved("strict", declared, "a.csv").as_deref(), Some(declared));
    }
}

#[test]
fn every_known_guess_is_resolved_where_a_class_allows_the_extension() {
    let policy = parse(r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["*/*"]}]}}}"#).unwrap();
    let any = &policy.classes["default"];
    for (extension, declared, source) in guesses() {
        assert!(!source.is_empty());
        let usual = MediaType::parse(type_of_extension(extension).expect(extension)).unwrap();
        let declared = MediaType::parse(declared).unwrap();
        assert!(is_guess(extension, declared.essence(), &usual), "{extension} {declared}");
        assert_eq!(resolve(any, Some(&declared), Some(extension)), Some(usual), "{extension} {declared}");
    }
}
