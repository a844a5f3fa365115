//! Each difference between grant and object gives its reason.

use std::borrow::Cow;

use content_sniff::{Confidence, Finding, FindingCode};

use super::*;
use crate::grant::SizeGrant;
use crate::grant::tests::grant;
use crate::key::{OwnerId, UploadId};
use crate::size::ByteSize;

fn key() -> ObjectKey {
    ObjectKey::new(OwnerId::open(), UploadId::new(jiff::Timestamp::UNIX_EPOCH, [0; 10]))
}

fn observed() -> ObservedObject {
    ObservedObject {
        version: "v".to_owned(),
        size: ByteSize::from_bytes(68),
        etag: None,
        generation: None,
        content_type: Some("image/png".to_owned()),
        grant: Ok(grant()),
        checksums: vec!["crc32:AAAAAA==".to_owned()],
        unexpected_metadata: Vec::new(),
    }
}

fn sniffed(media_type: &'static str) -> Sniffed {
    Sniffed {
        media_type: Cow::Borrowed(media_type),
        parent: None,
        confidence: Confidence::Structural,
        findings: Vec::new(),
        reads: 1,
        bytes: 68,
    }
}

fn codes(observed: &ObservedObject, sniffed: &Sniffed) -> Vec<String> {
    let verdict = decide(&key(), observed, sniffed, &ContentRules::standard(), None);
    assert_eq!(verdict.outcome == Outcome::Accepted, verdict.reasons.is_empty());
    verdict.reasons.into_iter().map(|note| note.code).collect()
}

#[test]
fn an_object_as_granted_is_accepted() {
    assert_eq!(codes(&observed(), &sniffed("image/png")), Vec::<String>::new());
}

#[test]
fn each_difference_gives_its_reason() {
    let png = sniffed("image/png");
    let check = |observed: ObservedObject, sniffed: &Sniffed, reason: Reason| {
        assert_eq!(codes(&observed, sniffed), [reason.code()]);
    };
    assert_eq!(codes(&observed(), &sniffed("text/html")), ["content-mismatch"]);
    check(ObservedObject { size: ByteSize::from_bytes(67), ..observed() }, &png, Reason::SizeMismatch);
    check(ObservedObject { size: ByteSize::from_bytes(69), ..observed() }, &png, Reason::SizeMismatch);
    check(ObservedObject { content_type: None, ..observed() }, &png, Reason::TypeAltered);
    check(ObservedObject { checksums: Vec::new(), ..observed() }, &png, Reason::ChecksumMismatch);
    check(ObservedObject { grant: Err(InvalidGrant), ..observed() }, &png, Reason::NotGranted);
    check(
        ObservedObject { unexpected_metadata: vec!["cache-control".to_owned()], ..observed() },
        &png,
        Reason::UnexpectedMetadata,
    );
    let foreign = Grant { owner: OwnerId::from_claims("i", "b").unwrap(), ..grant() };
    check(ObservedObject { grant: Ok(foreign), ..observed() }, &png, Reason::NotGranted);
    let truncated = vec![Finding { code: FindingCode::Truncated, detail: String::new() }];
    assert_eq!(codes(&observed(), &Sniffed { findings: truncated, ..png }), ["truncated"]);
}

#[test]
fn both_ends_of_a_granted_range_are_inclusive() {
    let (min, max) = (ByteSize::from_bytes(10), ByteSize::from_bytes(20));
    let ranged = Grant { size: SizeGrant::Between { min, max }, ..grant() };
    for (bytes, accepted) in [(9, false), (10, true), (20, true), (21, false)] {
        let observed = ObservedObject { size: ByteSize::from_bytes(bytes), grant: Ok(ranged.clone()), ..observed() };
        assert_eq!(codes(&observed, &sniffed("image/png")).is_empty(), accepted, "{bytes}");
    }
}

/// The verdict of the shipped class on content that was found in a file of this name and declared type.
fn in_class(class: &str, name: &str, declared: &str, found: &'static str, codes: &[FindingCode]) -> Verdict {
    let policy = crate::document::parse(crate::document::SHIPPED_POLICY).unwrap();
    let class = &policy.classes[class];
    let media = |text: &str| MediaType::parse(text).unwrap();
    let granted = crate::declared_type::resolve(
        class,
        (!declared.is_empty()).then(|| media(declared)).as_ref(),
        crate::filename::FileName::parse(name).unwrap().extension().as_deref(),
    );
    let granted = granted.unwrap();
    let grant = Grant {
        filename: crate::filename::FileName::parse(name).unwrap(),
        declared_type: (!declared.is_empty()).then(|| media(declared)),
        content_type: granted.clone(),
        checksum: None,
        ..crate::grant::tests::grant()
    };
    let observed = ObservedObject {
        content_type: Some(granted.to_string()),
        grant: Ok(Grant { owner: key().owner().clone(), ..grant }),
        ..observed()
    };
    let parent = match found {
        found if found.ends_with("+xml") => Some("application/xml"),
        found => found.starts_with("text/").then_some("text/plain"),
    };
    let findings = codes.iter().map(|code| Finding { code: *code, detail: String::new() }).collect();
    let sniffed = Sniffed { media_type: found.into(), parent, findings, ..sniffed("image/png") };
    decide(&key(), &observed, &sniffed, &class.content, Some(class))
}

fn codes_of(notes: &[Note]) -> Vec<&str> {
    notes.iter().map(|note| note.code.as_str()).collect()
}

#[test]
fn harmless_content_of_another_allowed_type_is_a_finding() {
    let program = "application/vnd.microsoft.portable-executable";
    for (name, declared, found, codes, findings) in [
        ("photo.png", "image/png", "image/png", &[][..], Some(&[][..])),
        ("photo.jpg", "image/jpeg", "image/png", &[], Some(&["content-mismatch", "name-cleaned"])),
        ("blob", "image/jpeg", "image/webp", &[], Some(&["content-mismatch", "name-cleaned"])),
        ("photo", "image/png", "image/png", &[], Some(&["name-cleaned"])),
        ("customers.csv", "application/vnd.ms-excel", "text/csv", &[], Some(&["type-resolved"])),
        ("customers.csv", "", "text/csv", &[], Some(&["type-resolved"])),
        ("voice.m4a", "audio/x-m4a", "audio/mpeg", &[], Some(&["content-mismatch", "name-cleaned"])),
        ("README.md", "text/markdown", "text/markdown", &[FindingCode::StartsAsHtml], Some(&["starts-as-html"])),
        (
            "deploy.txt",
            "text/plain",
            "text/x-shellscript",
            &[FindingCode::Executable],
            Some(&["executable", "content-mismatch"]),
        ),
        ("index.php.png", "image/png", "image/png", &[], Some(&["name-cleaned"])),
        // The type that was found is allowed, but not with this extension.
        ("photo.pdf", "application/pdf", "image/png", &[], None),
        // A special case of the granted type that can do more harm.
        ("a.zip", "application/zip", "application/vnd.ms-word.document.macroenabled.12", &[FindingCode::Macros], None),
        // One that the class does not allow.
        ("a.zip", "application/zip", "application/epub+zip", &[], None),
        ("a.xml", "application/xml", "image/svg+xml", &[], None),
        (
            "a.odt",
            "application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.text-template",
            &[],
            None,
        ),
        // One that the class allows, or that programs open as usual.
        ("a.zip", "application/zip", "application/vnd.oasis.opendocument.text", &[], Some(&["unverified"])),
        ("a.xml", "application/xml", "application/rss+xml", &[], Some(&["unverified", "name-cleaned"])),
        ("a.tif", "image/tiff", "image/x-canon-cr2", &[], Some(&["unverified"])),
        ("logo.pdf", "application/pdf", "application/illustrator", &[], Some(&["unverified"])),
        // More dangerous than the granted type.
        ("photo.jpg", "image/jpeg", "application/pdf", &[], None),
        ("page.txt", "text/plain", "text/html", &[], None),
        ("README.md", "text/markdown", "text/html", &[], None),
        ("photo.png", "image/png", program, &[FindingCode::Executable], None),
        ("notes.txt", "text/plain", program, &[FindingCode::Executable], None),
        ("photo.png", "image/png", "image/svg+xml", &[], None),
        ("photo.png", "image/png", "text/x-shellscript", &[FindingCode::Executable], None),
    ] {
        let verdict = in_class("default", name, declared, found, codes);
        let case = format!("{name} {declared} {found}: {verdict:?}");
        assert_eq!((verdict.outcome == Outcome::Accepted), findings.is_some(), "{case}");
        if let Some(findings) = findings {
            assert_eq!(codes_of(&verdict.findings), findings, "{case}");
        }
    }
    for (name, declared, found) in [
        ("photo.jpg", "image/jpeg", "image/png"),
        ("README.md", "text/markdown", "text/html"),
        ("deploy.txt", "text/plain", "text/x-shellscript"),
    ] {
        assert_eq!(in_class("strict", name, declared, found, &[]).outcome, Outcome::Rejected, "strict {name}");
    }
}

#[test]
fn only_harmless_findings_allow_inline_display() {
    for (finding, granted, found, harmless) in [
        ("type-resolved", "text/csv", "text/csv", true),
        ("name-cleaned", "image/png", "image/png", true),
        ("content-mismatch", "image/jpeg", "image/png", true),
        ("content-mismatch", "image/jpeg", "video/mp4", false),
        ("content-mismatch", "text/markdown", "text/html", false),
        ("trailing-data", "image/png", "image/png", false),
        ("unheard-of", "image/png", "image/png", false),
    ] {
        assert_eq!(is_harmless(finding, granted, found), harmless, "{finding} {granted} {found}");
    }
    assert_eq!(served_type("text/markdown", "text/html"), "text/markdown");
    assert_eq!(served_type("image/jpeg", "image/png"), "image/png");
    assert_eq!(served_type("text/plain", "text/x-shellscript"), "text/plain");
}

#[test]
fn a_checksum_that_s3_verified_at_completion_may_be_missing() {
    let stored = |generation, checksums: &[&str]| ObservedObject {
        generation,
        checksums: checksums.iter().map(|text| (*text).to_owned()).collect(),
        ..observed()
    };
    for (observed, accepted) in [
        (stored(None, &["crc32:AAAAAA=="]), true),
        (stored(None, &[]), false),
        (stored(Some(1), &[]), true),
        (stored(Some(1), &["crc64nvme:AAAAAAAAAAA="]), true),
        (stored(Some(1), &["crc32:AAAAAA=="]), true),
        (stored(Some(1), &["crc32:BBBBBB=="]), false),
        (stored(Some(1), &["crc32:AAAAAA==-2"]), false),
    ] {
        assert_eq!(codes(&observed, &sniffed("image/png")).is_empty(), accepted, "{observed:?}");
    }
}
