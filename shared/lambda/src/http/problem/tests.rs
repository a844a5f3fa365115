//! The codes with their statuses, and the form of a problem.

use std::collections::BTreeSet;

use policy::size::ByteSize;
use serde_json::Value;

use super::*;

/// Every code with its status. A change here changes the contract.
const TABLE: &[(&str, u16)] = &[
    ("invalid-json", 400),
    ("invalid-body", 400),
    ("invalid-size", 400),
    ("invalid-filename", 400),
    ("invalid-content-type", 400),
    ("invalid-checksum", 400),
    ("invalid-idempotency-key", 400),
    ("invalid-cursor", 400),
    ("invalid-parameter", 400),
    ("metadata-too-large", 400),
    ("unauthenticated", 401),
    ("open-mode", 403),
    ("no-such-route", 404),
    ("not-found", 404),
    ("not-received", 404),
    ("deleted", 404),
    ("session-not-found", 404),
    ("session-closed", 410),
    ("session-completing", 409),
    ("session-completed", 409),
    ("parts-missing", 409),
    ("parts-changed", 409),
    ("parts-of-wrong-size", 409),
    ("parts-too-small", 409),
    ("upload-restarted", 409),
    ("key-taken", 409),
    ("still-validating", 409),
    ("not-accepted", 409),
    ("invalid-part", 422),
    ("object-mismatch", 422),
    ("unknown-class", 422),
    ("type-required", 422),
    ("type-not-allowed", 422),
    ("extension-not-allowed", 422),
    ("name-not-allowed", 422),
    ("size-required", 422),
    ("too-small", 422),
    ("too-large", 422),
    ("use-multipart", 422),
    ("checksum-required", 422),
    ("checksum-type-unsupported", 422),
    ("metadata-not-allowed", 422),
    ("inline-not-allowed", 422),
    ("idempotency-key-reused", 422),
    ("too-many-sessions", 429),
    ("unavailable", 503),
];

#[test]
fn long_texts_are_cut() {
    for length in [1, MAX_TEXT_CHARS - 1, MAX_TEXT_CHARS, MAX_TEXT_CHARS + 1, 4_000_000] {
        let expected = if length <= MAX_TEXT_CHARS { length } else { MAX_TEXT_CHARS + 1 };
        let evidence = Problem::new(Code::InvalidBody, "é".repeat(length)).evidence.unwrap();
        assert_eq!(evidence.chars().count(), expected);
        assert_eq!(evidence.ends_with('…'), length > MAX_TEXT_CHARS);
        let refusal = Refusal::UnknownClass { class: "é".repeat(length) };
        assert!(Problem::from(refusal).detail().chars().count() <= MAX_TEXT_CHARS + 1);
    }
}

#[test]
fn the_sum_of_the_parts_is_above_a_limit_that_the_program_reads() {
    let (sum, limit) = (ByteSize::from_bytes(70), ByteSize::from_bytes(50));
    let problem = Problem::from(SessionProblem::Parts(PartsProblem::TooLarge { sum, limit })).to_json();
    assert_eq!((&problem["limit"], &problem["actual"]), (&json!(50), &json!(70)));
}

#[test]
fn each_code_has_its_status() {
    let table: Vec<(&str, u16)> = Code::ALL.iter().map(|code| (code.as_str(), code.status().as_u16())).collect();
    assert_eq!(table, TABLE);
}

#[test]
fn codes_and_titles_are_unique() {
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let titles: BTreeSet<&str> = Code::ALL.iter().map(|code| code.title()).collect();
    assert_eq!((codes.len(), titles.len()), (Code::ALL.len(), Code::ALL.len()));
    for code in codes {
        assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
    }
}

#[test]
fn a_problem_has_the_fields_of_rfc_9457_and_of_uppy() {
    for code in Code::ALL {
        let response = Problem::new(*code, "a cause").into_response();
        assert_eq!(response.status(), code.status());
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let plain = Problem::new(*code, "a cause").into_plain_response();
        assert_eq!(plain.headers()["content-type"], "application/json");
        assert_eq!((plain.status(), plain.body()), (response.status(), response.body()));
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["type"], format!("urn:sluice:{}", code.as_str()));
        assert_eq!((&body["title"], &body["status"]), (&code.title().into(), &code.status().as_u16().into()));
        assert_eq!((&body["code"], &body["error"]), (&code.as_str().into(), &code.as_str().into()));
        assert_eq!((&body["message"], &body["evidence"]), (&body["detail"], &"a cause".into()));
        let sentence = words::problem(code.as_str(), &[]).unwrap_or_else(|| code.title().to_owned());
        assert_eq!(body["detail"], sentence);
        assert!(!sentence.contains('{'), "{sentence}");
    }
}

#[test]
fn the_cause_of_a_backend_error_is_not_in_the_response() {
    for problem in [
        Problem::from(RecordsError::Unavailable("arn:aws:secret".into())),
        Problem::from(RecordsError::Unreadable("arn:aws:secret".into())),
        Problem::from(ObjectsError("arn:aws:secret".into())),
    ] {
        assert_eq!(problem.code(), Code::Unavailable);
        let response = problem.into_response();
        assert!(!String::from_utf8_lossy(response.body()).contains("secret"));
    }
}
