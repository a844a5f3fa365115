//! Each limit and each refusal of a policy.

use content_sniff::MediaType;

use super::*;
use crate::checksum::Checksum;
use crate::document;
use crate::filename::FileName;
use crate::key::OwnerId;

fn policy(classes: &str) -> Policy {
    document::parse(&format!(r#"{{"version": 1, "classes": {classes}}}"#)).unwrap()
}

pub(crate) fn request(size: Option<u64>) -> UploadRequest {
    UploadRequest {
        owner: OwnerId::open(),
        filename: FileName::parse("photo.png").unwrap(),
        declared_type: Some(MediaType::parse("image/png").unwrap()),
        size: size.map(ByteSize::from_bytes),
        class: None,
        checksum: None,
        metadata: BTreeMap::new(),
    }
}

/// A class that allows every type, with `more` settings.
pub(crate) fn allow_all(more: &str) -> Policy {
    policy(&format!(r#"{{"default": {{"allow": [{{"types": ["*/*"]}}]{more}}}}}"#))
}

pub(crate) fn bytes(n: u64) -> ByteSize {
    ByteSize::from_bytes(n)
}

#[test]
fn size_limits_apply_to_the_byte() {
    let limits = policy(
        r#"{"default": {"allow": [{"types": ["image/*"], "min": "10 B", "max": "100 B"}],
            "singleRequestMax": "90 B", "multipartFrom": "50 B"}}"#,
    );
    let (small, large, single) = (bytes(10), bytes(100), bytes(90));
    for (size, expected) in [
        (0, Err(Refusal::TooSmall { size: bytes(0), min: small })),
        (9, Err(Refusal::TooSmall { size: bytes(9), min: small })),
        (10, Ok(false)),
        (11, Ok(false)),
        (49, Ok(false)),
        (50, Ok(true)),
        (51, Ok(true)),
        (89, Ok(true)),
        (90, Ok(true)),
        (91, Err(Refusal::UseMultipart { size: bytes(91), max: single })),
        (99, Err(Refusal::UseMultipart { size: bytes(99), max: single })),
        (100, Err(Refusal::UseMultipart { size: bytes(100), max: single })),
        (101, Err(Refusal::TooLarge { size: bytes(101), max: large })),
        (u64::MAX, Err(Refusal::TooLarge { size: bytes(u64::MAX), max: large })),
    ] {
        let reviewed = limits.review(request(Some(size)), Transport::Put);
        assert_eq!(reviewed.as_ref().map(|r| r.multipart_recommended).map_err(Clone::clone), expected, "{size}");
        if let Ok(reviewed) = reviewed {
            assert_eq!(reviewed.grant.size, SizeGrant::Exactly(bytes(size)));
            assert_eq!(reviewed.grant.policy_hash, limits.hash);
        }
    }
}

#[test]
fn a_form_is_granted_a_range_of_sizes() {
    let review =
        |policy: &Policy, size| policy.review(request(size), Transport::Post).map(|reviewed| reviewed.grant.size);
    let ranged = policy(r#"{"default": {"allow": [{"types": ["*/*"], "min": "10 B", "max": "100 B"}]}}"#);
    assert_eq!(review(&ranged, None), Ok(SizeGrant::Between { min: bytes(10), max: bytes(100) }));
    assert_eq!(review(&ranged, Some(10)), Ok(SizeGrant::Exactly(bytes(10))));
    let default_max = bytes(5_000_000_000);
    assert_eq!(review(&allow_all(""), None), Ok(SizeGrant::Between { min: bytes(1), max: default_max }));
    // A minimum above the maximum of one request.
    for (min, expected) in [
        (5_000_000_000_u64, Ok(SizeGrant::Between { min: default_max, max: default_max })),
        (5_000_000_001, Err(Refusal::UseMultipart { size: bytes(5_000_000_001), max: default_max })),
    ] {
        let large = policy(&format!(r#"{{"default": {{"allow": [{{"types": ["*/*"], "min": "{min}"}}]}}}}"#));
        assert_eq!(review(&large, None), expected);
    }
}

#[test]
fn a_size_grant_allows_its_sizes() {
    let exact = SizeGrant::Exactly(bytes(10));
    let between = SizeGrant::Between { min: bytes(10), max: bytes(12) };
    let allowed = |grant: SizeGrant| (8..15).filter(|n| grant.allows(bytes(*n))).collect::<Vec<_>>();
    assert_eq!(allowed(exact), [10]);
    assert_eq!(allowed(between), [10, 11, 12]);
}

#[test]
fn each_refusal_applies_to_its_request() {
    let limited = policy(
        r#"{"default": {"allow": [{"types": ["image/png"], "extensions": ["png", "apng"], "min": "2 B", "max": "9 B"}],
            "singleRequestMax": "8 B", "checksum": "required", "metadata": ["album"],
            "content": {"misleading_name": "reject"}}}"#,
    );
    let metadata = BTreeMap::from([("album".to_owned(), String::new()), ("other".to_owned(), String::new())]);
    let checksum = Checksum::parse("crc32", "AAAAAA==").ok();
    let media = |text| MediaType::parse(text).unwrap();
    let name = |text| FileName::parse(text).unwrap();
    let extensions = || vec!["png".to_owned(), "apng".to_owned()];
    for (request, refusal) in [
        (
            UploadRequest { class: Some("video".to_owned()), ..request(Some(3)) },
            Refusal::UnknownClass { class: "video".to_owned() },
        ),
        (
            UploadRequest { declared_type: Some(media("image/gif")), ..request(Some(3)) },
            Refusal::TypeNotAllowed { content_type: media("image/gif"), allowed: extensions() },
        ),
        (
            UploadRequest { filename: name("photo.exe"), ..request(Some(3)) },
            Refusal::ExtensionNotAllowed { extension: "exe".to_owned(), allowed: extensions() },
        ),
        (
            UploadRequest { filename: name("photo.php.png"), ..request(Some(3)) },
            Refusal::NameNotAllowed { problem: "double-extension" },
        ),
        (request(None), Refusal::SizeRequired),
        (request(Some(1)), Refusal::TooSmall { size: bytes(1), min: bytes(2) }),
        (request(Some(10)), Refusal::TooLarge { size: bytes(10), max: bytes(9) }),
        (request(Some(9)), Refusal::UseMultipart { size: bytes(9), max: bytes(8) }),
        (request(Some(3)), Refusal::ChecksumRequired),
        (
            UploadRequest { checksum, metadata, ..request(Some(3)) },
            Refusal::MetadataNotAllowed { name: "other".to_owned(), allowed: vec!["album".to_owned()] },
        ),
    ] {
        let sentence = refusal.to_string();
        assert!(sentence.ends_with('.') && !sentence.contains(['{', '}']), "{sentence}");
        assert_eq!(limited.review(request, Transport::Put), Err(refusal));
    }
}

#[test]
fn extensions_ignore_case_and_types_ignore_parameters() {
    let class = |declared: &str| {
        policy(&format!(
            r#"{{"default": {{"allow": [{{"types": ["text/csv"], "extensions": ["CSV"]}}], "declared": "{declared}"}}}}"#
        ))
    };
    let (hint, exact) = (class("hint"), class("exact"));
    for (name, media, by_hint, by_exact) in [
        ("a.csv", "text/csv", true, true),
        ("a.CsV", "Text/CSV; charset=utf-8", true, true),
        ("a.csv.exe", "text/csv", false, false),
        ("csv", "text/csv", true, false),
        (".csv", "text/csv", true, false),
        ("a.csv", "text/plain", true, false),
        ("a.csv", "image/png", false, false),
    ] {
        for (policy, allowed) in [(&hint, by_hint), (&exact, by_exact)] {
            let (filename, media_type) = (FileName::parse(name).unwrap(), MediaType::parse(media).unwrap());
            let request = UploadRequest { filename, declared_type: Some(media_type), ..request(Some(1)) };
            assert_eq!(policy.review(request, Transport::Put).is_ok(), allowed, "{name} {media}");
        }
    }
}

#[test]
fn an_upload_without_a_type_gets_that_of_its_extension() {
    let policy = policy(
        r#"{"default": {"allow": [{"types": ["picture"]}]}, "s": {"allow": [{"types": ["picture"]}],
        "content": {"base": "strict"}}}"#,
    );
    let review = |class: &str, name: &str| {
        let (filename, class) = (FileName::parse(name).unwrap(), Some(class.to_owned()));
        policy.review(UploadRequest { filename, class, declared_type: None, ..request(Some(1)) }, Transport::Put)
    };
    let granted = review("default", "photo.PNG").unwrap().grant;
    assert_eq!((granted.content_type.as_str(), granted.declared_type), ("image/png", None));
    for (class, name) in [("default", "photo"), ("default", "a.xyzzy"), ("s", "photo.png")] {
        assert_eq!(review(class, name), Err(Refusal::TypeRequired { allowed: Vec::new() }), "{class} {name}");
    }
}

#[test]
fn the_first_matching_rule_applies() {
    let ordered = policy(
        r#"{"default": {"allow": [{"types": ["image/png"], "max": "10 B"}, {"types": ["image/*"], "max": "20 B"}]}}"#,
    );
    assert_eq!(
        ordered.review(request(Some(15)), Transport::Put),
        Err(Refusal::TooLarge { size: bytes(15), max: bytes(10) })
    );
    let gif = UploadRequest { declared_type: Some(MediaType::parse("image/gif").unwrap()), ..request(Some(15)) };
    assert!(ordered.review(gif, Transport::Put).is_ok());
}

#[test]
fn a_policy_may_have_a_thousand_classes_of_a_thousand_types() {
    let types: Vec<String> = (0..1000).map(|n| format!("\"application/x-type-{n}\"")).collect();
    let rule = format!(r#"{{"allow": [{{"types": [{}]}}]}}"#, types.join(","));
    let classes: Vec<String> = (0..1000).map(|n| format!("\"class-{n}\": {rule}")).collect();
    let policy = policy(&format!("{{{}}}", classes.join(",")));
    assert_eq!(policy.classes.len(), 1000);
    for n in [0, 1, 499, 998, 999] {
        let review = |class: usize, media: usize| {
            let content_type = MediaType::parse(&format!("application/x-type-{media}")).unwrap();
            policy.review(
                UploadRequest {
                    class: Some(format!("class-{class}")),
                    declared_type: Some(content_type),
                    ..request(Some(1))
                },
                Transport::Put,
            )
        };
        assert_eq!(review(n, 999 - n).unwrap().grant.class, format!("class-{n}"));
        assert!(matches!(review(n, 1000), Err(Refusal::TypeNotAllowed { .. })));
        assert!(matches!(review(1000, n), Err(Refusal::UnknownClass { .. })));
    }
}

#[test]
fn the_largest_object_of_the_store_limits_the_size() {
    let default = |max: &str| format!(r#"{{"default": {{"allow": [{{"types": ["*/*"], "max": "{max}"}}]}}}}"#);
    for (max, limit) in [("200 GB", 200_000_000_000), ("48.828125 TiB", 53_687_091_200_000)] {
        let policy = policy(&default(max));
        let (at, over) = (
            policy.review(request(Some(limit)), Transport::Put),
            policy.review(request(Some(limit + 1)), Transport::Put),
        );
        assert_eq!(at, Err(Refusal::UseMultipart { size: bytes(limit), max: bytes(5_000_000_000) }));
        assert_eq!(over, Err(Refusal::TooLarge { size: bytes(limit + 1), max: bytes(limit) }));
    }
    let beyond = format!(r#"{{"version": 1, "classes": {}}}"#, default("53687091200001"));
    assert_eq!(document::parse(&beyond).unwrap_err().0[0].path, "classes.default.allow[0].max");
    // A document can set higher limits for another store.
    let other_store = r#"{"version": 1, "store": {"objectMax": "1 EB", "singleRequestMax": "1 EB"},
        "classes": {"default": {"allow": [{"types": ["*/*"]}], "singleRequestMax": "200 PB"}}}"#;
    let other_store = document::parse(other_store).unwrap();
    assert!(other_store.review(request(Some(200_000_000_000_000_000)), Transport::Put).is_ok());
}
