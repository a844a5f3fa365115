//! Every rule of a policy at its boundary, and a policy a thousand times as large.

use super::*;
use crate::document;
use crate::key::OwnerId;

fn policy(classes: &str) -> Policy {
    document::parse(&format!(r#"{{"version": 1, "classes": {classes}}}"#)).unwrap()
}

fn request(size: Option<u64>) -> UploadRequest {
    UploadRequest {
        owner: OwnerId::open(),
        filename: FileName::parse("photo.png").unwrap(),
        content_type: MediaType::parse("image/png").unwrap(),
        size: size.map(ByteSize::from_bytes),
        class: None,
        checksum: None,
        metadata: BTreeMap::new(),
    }
}

/// A class that takes everything but for what `more` says.
fn only(more: &str) -> Policy {
    policy(&format!(r#"{{"default": {{"allow": [{{"types": ["*/*"]}}]{more}}}}}"#))
}

fn bytes(n: u64) -> ByteSize {
    ByteSize::from_bytes(n)
}

#[test]
fn every_limit_holds_to_the_byte() {
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
fn a_form_is_granted_the_range_that_holds_for_it() {
    let review =
        |policy: &Policy, size| policy.review(request(size), Transport::Post).map(|reviewed| reviewed.grant.size);
    let ranged = policy(r#"{"default": {"allow": [{"types": ["*/*"], "min": "10 B", "max": "100 B"}]}}"#);
    assert_eq!(review(&ranged, None), Ok(SizeGrant::Between { min: bytes(10), max: bytes(100) }));
    assert_eq!(review(&ranged, Some(10)), Ok(SizeGrant::Exactly(bytes(10))));
    let usual = bytes(5_000_000_000);
    assert_eq!(review(&only(""), None), Ok(SizeGrant::Between { min: bytes(1), max: usual }));
    // One byte more than a request carries: no form could hold it.
    for (min, expected) in [
        (5_000_000_000_u64, Ok(SizeGrant::Between { min: usual, max: usual })),
        (5_000_000_001, Err(Refusal::UseMultipart { size: bytes(5_000_000_001), max: usual })),
    ] {
        let large = policy(&format!(r#"{{"default": {{"allow": [{{"types": ["*/*"], "min": "{min}"}}]}}}}"#));
        assert_eq!(review(&large, None), expected);
    }
}

#[test]
fn a_grant_allows_what_it_says() {
    let exact = SizeGrant::Exactly(bytes(10));
    let between = SizeGrant::Between { min: bytes(10), max: bytes(12) };
    let allowed = |grant: SizeGrant| (8..15).filter(|n| grant.allows(bytes(*n))).collect::<Vec<_>>();
    assert_eq!(allowed(exact), [10]);
    assert_eq!(allowed(between), [10, 11, 12]);
}

#[test]
fn every_refusal_names_what_it_is_about() {
    let avatar = policy(
        r#"{"default": {"allow": [{"types": ["image/png"], "extensions": ["png", "apng"], "min": "2 B", "max": "9 B"}],
            "singleRequestMax": "8 B", "checksum": "required", "metadata": ["album"]}}"#,
    );
    let metadata = BTreeMap::from([("album".to_owned(), String::new()), ("other".to_owned(), String::new())]);
    let checksum = Checksum::parse("crc32", "AAAAAA==").ok();
    let media = |text| MediaType::parse(text).unwrap();
    let name = |text| FileName::parse(text).unwrap();
    let cases = [
        (UploadRequest { class: Some("video".to_owned()), ..request(Some(3)) }, "\"video\""),
        (UploadRequest { content_type: media("image/gif"), ..request(Some(3)) }, "image/gif"),
        (UploadRequest { filename: name("photo.exe"), ..request(Some(3)) }, "png, apng"),
        (request(None), "POST"),
        (request(Some(1)), "1 B is below the minimum of 2 B"),
        (request(Some(10)), "10 B is above the maximum of 9 B"),
        (request(Some(9)), "8 B"),
        (request(Some(3)), "\"default\""),
        (UploadRequest { checksum, metadata, ..request(Some(3)) }, "\"other\""),
    ];
    let mut seen = Vec::new();
    for (request, said) in cases {
        let refusal = avatar.review(request, Transport::Put).unwrap_err();
        assert!(refusal.to_string().contains(said), "{refusal}");
        seen.push(std::mem::discriminant(&refusal));
    }
    seen.sort_unstable_by_key(|variant| format!("{variant:?}"));
    seen.dedup();
    assert_eq!(seen.len(), 9, "every variant once");
}

#[test]
fn extensions_compare_without_case_and_parameters_do_not_matter() {
    let csv = policy(r#"{"default": {"allow": [{"types": ["text/csv"], "extensions": ["CSV"]}]}}"#);
    for (name, media, allowed) in [
        ("a.csv", "text/csv", true),
        ("a.CsV", "Text/CSV; charset=utf-8", true),
        ("a.csv.exe", "text/csv", false),
        ("csv", "text/csv", false),
        (".csv", "text/csv", false),
    ] {
        let (filename, content_type) = (FileName::parse(name).unwrap(), MediaType::parse(media).unwrap());
        let request = UploadRequest { filename, content_type, ..request(Some(1)) };
        assert_eq!(csv.review(request, Transport::Put).is_ok(), allowed, "{name} {media}");
    }
}

#[test]
fn the_first_rule_that_matches_decides() {
    let ordered = policy(
        r#"{"default": {"allow": [{"types": ["image/png"], "max": "10 B"}, {"types": ["image/*"], "max": "20 B"}]}}"#,
    );
    assert_eq!(
        ordered.review(request(Some(15)), Transport::Put),
        Err(Refusal::TooLarge { size: bytes(15), max: bytes(10) })
    );
    let gif = UploadRequest { content_type: MediaType::parse("image/gif").unwrap(), ..request(Some(15)) };
    assert!(ordered.review(gif, Transport::Put).is_ok());
}

#[test]
fn a_thousand_classes_of_a_thousand_types_are_no_other_case() {
    let types: Vec<String> = (0..1000).map(|n| format!("\"application/x-type-{n}\"")).collect();
    let rule = format!(r#"{{"allow": [{{"types": [{}]}}]}}"#, types.join(","));
    let classes: Vec<String> = (0..1000).map(|n| format!("\"class-{n}\": {rule}")).collect();
    let policy = policy(&format!("{{{}}}", classes.join(",")));
    assert_eq!(policy.classes.len(), 1000);
    for n in [0, 1, 499, 998, 999] {
        let ask = |class: usize, media: usize| {
            let content_type = MediaType::parse(&format!("application/x-type-{media}")).unwrap();
            policy.review(
                UploadRequest { class: Some(format!("class-{class}")), content_type, ..request(Some(1)) },
                Transport::Put,
            )
        };
        assert_eq!(ask(n, 999 - n).unwrap().grant.class, format!("class-{n}"));
        assert!(matches!(ask(n, 1000), Err(Refusal::TypeNotAllowed { .. })));
        assert!(matches!(ask(1000, n), Err(Refusal::UnknownClass { .. })));
    }
}

#[test]
fn sizes_end_where_the_store_ends() {
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
    // Another store, or a later S3: numbers in the document, none in the code.
    let own = r#"{"version": 1, "store": {"objectMax": "1 EB", "singleRequestMax": "1 EB"},
        "classes": {"default": {"allow": [{"types": ["*/*"]}], "singleRequestMax": "200 PB"}}}"#;
    let own = document::parse(own).unwrap();
    assert!(own.review(request(Some(200_000_000_000_000_000)), Transport::Put).is_ok());
}

#[test]
fn parts_know_no_limit_but_the_rule_s_and_the_store_s() {
    let policy = only("");
    let review = |size| policy.review_multipart(request(size), None);
    let most = 53_687_091_200_000;
    for size in [1, 5_000_000_001, most] {
        let reviewed = review(Some(size)).unwrap();
        assert_eq!(reviewed.grant.size, SizeGrant::Exactly(bytes(size)));
        assert_eq!(reviewed.unsized_sessions, None);
        assert_eq!(reviewed.terms.session_life, Duration::from_hours(7 * 24));
    }
    assert_eq!(review(Some(0)), Err(Refusal::TooSmall { size: bytes(0), min: bytes(1) }));
    assert_eq!(review(Some(most + 1)), Err(Refusal::TooLarge { size: bytes(most + 1), max: bytes(most) }));
    let open = review(None).unwrap();
    assert_eq!(open.grant.size, SizeGrant::Between { min: bytes(1), max: bytes(most) });
    assert_eq!((open.unsized_sessions, open.terms.session_life), (Some(100), Duration::from_hours(48)));
    // Fewer or smaller parts hold less than the store's largest object.
    let own = r#"{"version": 1, "store": {"partMax": "10 MiB", "parts": 3},
        "classes": {"default": {"allow": [{"types": ["*/*"]}]}}}"#;
    let own = document::parse(own).unwrap();
    let thirty = 30 << 20;
    assert!(own.review_multipart(request(Some(thirty)), None).is_ok());
    let over = own.review_multipart(request(Some(thirty + 1)), None);
    assert_eq!(over, Err(Refusal::TooLarge { size: bytes(thirty + 1), max: bytes(thirty) }));
}

#[test]
fn parts_take_the_checksums_that_the_store_can_verify() {
    use crate::checksum::ChecksumAlgorithm;
    use crate::checksum::ChecksumAlgorithm::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
    let review = |policy: &Policy, whole: Option<ChecksumAlgorithm>, parts| {
        let checksum = whole.map(|algorithm| {
            let value = match algorithm {
                Crc32 | Crc32c => "AAAAAA==",
                Crc64Nvme => "AAAAAAAAAAA=",
                Sha1 => "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                Sha256 => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            };
            Checksum::parse(algorithm.name(), value).unwrap()
        });
        policy
            .review_multipart(UploadRequest { checksum, ..request(Some(1)) }, parts)
            .map(|reviewed| reviewed.terms.part_checksum)
    };
    for whole in [None].into_iter().chain(ChecksumAlgorithm::ALL.map(Some)) {
        for parts in [None].into_iter().chain(ChecksumAlgorithm::ALL.map(Some)) {
            let fine = whole.is_none()
                || (whole == Some(Crc64Nvme) && parts.is_none())
                || (whole == parts && matches!(whole, Some(Crc32 | Crc32c | Crc64Nvme)));
            assert_eq!(review(&only(""), whole, parts).is_ok(), fine, "{whole:?} {parts:?}");
        }
    }
    let strict = only(r#", "checksum": "required""#);
    assert_eq!(review(&strict, None, None), Err(Refusal::ChecksumRequired { class: "default".to_owned() }));
    assert_eq!(review(&strict, None, Some(Sha256)), Ok(Some(Sha256)));
    assert_eq!(review(&strict, Some(Crc64Nvme), None), Ok(None));
}
