//! A refused request gets a code and stores nothing.

use super::*;

async fn refused(body: &str, status: u16, code: &str) {
    // With an idempotency key, because without one nothing is ever stored.
    let deps = deps(MemoryRecords::default());
    let call = ApiRequest::new("POST", "/uploads").by(ALICE).header("idempotency-key", "k").body(body);
    let answer = send(&deps, call.request()).await;
    assert_eq!(answer.outcome(), (status, code), "{}: {}", &body[..body.len().min(200)], answer.body);
    assert!(deps.records.is_empty(), "a refused request stores nothing");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    for body in ["", "filename=x", "{", "{\"filename\": \"a.png\",}", "\u{feff}{}"] {
        refused(body, 400, "invalid-json").await;
    }
}

#[tokio::test]
async fn a_body_with_wrong_fields_is_refused() {
    for body in ["null", "[]", r#"["photo.png", "image/png", 72]"#, "1", "\"text\"", "{}", &"[".repeat(100_000)] {
        refused(body, 400, "invalid-body").await;
    }
    let mut unnamed = png();
    unnamed.as_object_mut().unwrap().remove("filename");
    refused(&unnamed.to_string(), 400, "invalid-body").await;
    for (field, value) in [
        ("acl", json!("public-read")),
        ("Filename", json!("x")),
        ("owner", json!("alice")),
        ("filename", json!(7)),
        ("filename", json!(null)),
        ("size", json!("72")),
        ("size", json!([72])),
        ("size", json!(true)),
        ("class", json!(1)),
        ("metadata", json!({ "a": 1 })),
        ("metadata", json!(["a"])),
        ("checksum", json!("crc32")),
        ("checksum", json!({ "algorithm": "crc32" })),
        ("checksum", json!({ "algorithm": "crc32", "value": "AAAAAA==", "more": 1 })),
        ("size", json!("1")),
        ("size", json!([1])),
        ("method", Value::Null),
        ("method", json!(1)),
        ("method", json!("PATCH")),
        ("method", json!("put")),
    ] {
        refused(&with(png(), field, value).to_string(), 400, "invalid-body").await;
    }
    let duplicate_field = r#"{"filename": "a.png", "filename": "b.png", "contentType": "image/png", "size": 1}"#;
    refused(duplicate_field, 400, "invalid-body").await;
}

#[tokio::test]
async fn null_is_the_same_as_a_missing_field() {
    for field in ["contentType", "class", "checksum"] {
        granted(&with(png(), field, Value::Null)).await;
    }
    refused(&with(png(), "size", Value::Null).to_string(), 422, "size-required").await;
    for field in ["method", "metadata"] {
        refused(&with(png(), field, Value::Null).to_string(), 400, "invalid-body").await;
    }
}

#[tokio::test]
async fn a_size_must_be_a_whole_number_of_bytes() {
    for size in
        ["-1", "-0.0", "1.5", "1.0", "1e3", "18446744073709551616", "99999999999999999999999999", "1e300", "1e999"]
    {
        let body = format!(r#"{{"filename": "a.png", "contentType": "image/png", "size": {size}}}"#);
        refused(&body, 400, "invalid-size").await;
    }
    refused(&with(png(), "size", json!(u64::MAX)).to_string(), 422, "too-large").await;
    refused(&with(png(), "size", json!(0)).to_string(), 422, "too-small").await;
    refused(&with(png(), "size", Value::Null).to_string(), 422, "size-required").await;
}

#[tokio::test]
async fn a_file_name_with_control_characters_or_a_path_is_refused() {
    for name in [
        "",
        " ",
        "..",
        "a\0.png",
        "a\r\nx: y.png",
        "a\u{7f}.png",
        "a\u{85}.png",
        "a\u{2028}.png",
        "photo\u{202e}gnp.exe",
        "a\u{2066}.png",
        "../a.png",
        "/etc/passwd",
        "C:\\a.png",
        "a/b.png",
    ] {
        refused(&with(png(), "filename", json!(name)).to_string(), 400, "invalid-filename").await;
    }
}

#[tokio::test]
async fn invalid_types_and_checksums_are_refused() {
    for media in ["png", "image/", "/png", "image/*", "image/png\r\nx-amz-acl: public-read", "image/ü", "a/b/c"] {
        refused(&with(png(), "contentType", json!(media)).to_string(), 400, "invalid-content-type").await;
    }
    for (algorithm, value) in [("md5", "AAAAAA=="), ("", ""), ("crc32", "AAAA"), ("crc32", "%"), ("sha256", "AAAAAA==")]
    {
        let body = with(png(), "checksum", json!({ "algorithm": algorithm, "value": value }));
        refused(&body.to_string(), 400, "invalid-checksum").await;
    }
}

#[tokio::test]
async fn what_the_policy_does_not_allow_is_refused() {
    let png_with = |field, value| with(png(), field, value).to_string();
    refused(&png_with("class", json!("enormous")), 422, "unknown-class").await;
    refused(&png_with("class", json!("x".repeat(10_000))), 422, "unknown-class").await;
    refused(&png_with("contentType", json!("image/svg+xml")), 422, "type-not-allowed").await;
    refused(&png_with("filename", json!("photo.exe")), 422, "extension-not-allowed").await;
    let untyped = |filename: &str| json!({ "filename": filename, "size": 72 }).to_string();
    refused(&untyped("photo"), 422, "type-required").await;
    refused(&untyped("photo.exe"), 422, "type-not-allowed").await;
    let strict = with(with(png(), "class", json!("strict")), "filename", json!("photo"));
    refused(&strict.to_string(), 422, "extension-not-allowed").await;
    refused(
        &with(with(png(), "class", json!("avatar")), "metadata", json!({ "a": "b" })).to_string(),
        422,
        "metadata-not-allowed",
    )
    .await;
    refused(&png_with("metadata", json!({ "note": "x".repeat(10_000) })), 400, "metadata-too-large").await;
    refused(&png_with("filename", json!(format!("{}.png", "x".repeat(10_000)))), 400, "metadata-too-large").await;
}

#[tokio::test]
async fn size_limits_are_exact_to_the_byte() {
    let policy = r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["image/*"], "min": "100 B", "max": "200 B"}]},
        "big": {"allow": [{"types": ["*/*"]}], "singleRequestMax": "5 GiB", "checksum": "required"},
        "one": {"allow": [{"types": ["*/*"], "min": "0 B"}], "singleRequestMax": "150 B"},
        "part": {"allow": [{"types": ["*/*"], "min": "6 GB"}]}}}"#;
    let deps = Deps { config: config(&[("POLICY", policy)]), ..deps(PanickingTable) };
    let crc32 = json!({ "algorithm": "crc32", "value": "AAAAAA==" });
    for (class, size, checksum, expected) in [
        ("default", json!(99), None, (422, "too-small")),
        ("default", json!(100), None, (201, "")),
        ("default", json!(101), None, (201, "")),
        ("default", json!(199), None, (201, "")),
        ("default", json!(200), None, (201, "")),
        ("default", json!(201), None, (422, "too-large")),
        ("one", json!(0), None, (201, "")),
        ("one", json!(149), None, (201, "")),
        ("one", json!(150), None, (201, "")),
        ("one", json!(151), None, (422, "use-multipart")),
        ("big", json!(5_u64 << 30), Some(&crc32), (201, "")),
        ("big", json!((5_u64 << 30) + 1), Some(&crc32), (422, "use-multipart")),
        ("big", json!(53_687_091_200_001_u64), Some(&crc32), (422, "too-large")),
        ("big", json!(1), None, (422, "checksum-required")),
        ("part", json!(6_000_000_000_u64), None, (422, "use-multipart")),
        ("part", Value::Null, None, (422, "use-multipart")),
    ] {
        let mut body = with(with(png(), "class", json!(class)), "size", size.clone());
        if let Some(checksum) = checksum {
            body["checksum"] = checksum.clone();
        }
        if size.is_null() {
            body["method"] = json!("POST");
        }
        let answer = send(&deps, create(&body).request()).await;
        assert_eq!(answer.outcome(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_request_without_valid_claims_is_refused() {
    let deps = deps(PanickingTable);
    let without_claims = ApiRequest::new("POST", "/uploads").body(png().to_string());
    for call in [
        without_claims.clone(),
        without_claims.clone().header("authorization", "Bearer made.up.token"),
        without_claims.clone().with_claims(&json!({})),
        without_claims.clone().with_claims(&json!({ "iss": "https://issuer.example" })),
        without_claims.clone().with_claims(&json!({ "iss": "https://issuer.example", "sub": "" })),
    ] {
        assert_eq!(send(&deps, call.request()).await.outcome(), (401, "unauthenticated"));
    }
}

#[tokio::test]
async fn a_route_of_another_function_is_refused() {
    let deps = deps(PanickingTable);
    for (method, path) in [("GET", "/uploads"), ("PUT", "/uploads"), ("POST", "/"), ("POST", "/policy"), ("GET", "/x")]
    {
        let answer = send(&deps, ApiRequest::new(method, path).by(ALICE).request()).await;
        assert_eq!(answer.outcome(), (404, "no-such-route"), "{method} {path}");
    }
}
