//! Grants, their presigned URLs and forms, and the policy.

use std::collections::BTreeSet;

use policy::key::ObjectKey;
use policy::{Grant, SizeGrant};
use serde_json::{Value, json};
use testkit::http::{ApiRequest, ApiResponse, refusal_type, request};
use testkit::records::PanickingTable;
use testkit::{
    ALICE, BOB, FaultInjector, FaultKind, FaultPoint, MemoryRecords, config, env, golden_events, now, owner,
};

use super::*;

mod batch;
mod idempotency;
mod refusals;
mod uppy;

fn deps<R>(records: R) -> Deps<R> {
    Deps { config: config(&[]), records, env: env() }
}

async fn send<R: IdempotencyStore>(deps: &Deps<R>, request: Request) -> ApiResponse {
    ApiResponse::of(&deps.handle(request).await)
}

fn create(body: &Value) -> ApiRequest {
    ApiRequest::new("POST", "/uploads").by(ALICE).body(body.to_string())
}

fn png() -> Value {
    json!({ "filename": "photo.png", "contentType": "image/png", "size": 72 })
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

/// The body of a grant that was made without a call to the table.
async fn granted(body: &Value) -> Value {
    let answer = send(&deps(PanickingTable), create(body).request()).await;
    assert_eq!(answer.outcome(), (201, ""), "{body}: {}", answer.body);
    assert_eq!(answer.content_type, "application/json");
    answer.body
}

fn decode_grant(value: &str) -> Grant {
    Grant::decode(value).unwrap()
}

#[tokio::test]
async fn every_golden_event_has_its_answer() {
    let expected = [
        ("bad-bidi-filename", 400, "invalid-filename"),
        ("bad-empty-batch", 400, "invalid-body"),
        ("bad-missing-field", 400, "invalid-body"),
        ("bad-negative-size", 400, "invalid-size"),
        ("bad-no-claims", 401, "unauthenticated"),
        ("bad-no-such-route", 404, "no-such-route"),
        ("bad-not-json", 400, "invalid-json"),
        ("bad-path-filename", 400, "invalid-filename"),
        ("bad-type-not-allowed", 422, "type-not-allowed"),
        ("bad-unknown-class", 422, "unknown-class"),
        ("bad-unknown-field", 400, "invalid-body"),
        ("bad-uppy-no-filename", 400, "invalid-filename"),
        ("bad-uppy-type-not-allowed", 422, "type-not-allowed"),
        ("bad-use-multipart", 422, "use-multipart"),
        ("base64-body", 201, ""),
        ("batch", 200, ""),
        ("checksum", 201, ""),
        ("idempotency-key", 201, ""),
        ("metadata", 201, ""),
        ("multipart-recommended", 201, ""),
        ("policy", 200, ""),
        ("post-form", 201, ""),
        ("put", 201, ""),
        ("uppy-params-5", 200, ""),
        ("uppy-params-6", 200, ""),
        ("uppy-params-class", 200, ""),
        ("uppy-params-put", 200, ""),
    ];
    let events = golden_events("presign");
    let (files, known): (BTreeSet<&str>, BTreeSet<&str>) =
        (events.keys().map(String::as_str).collect(), expected.iter().map(|(name, ..)| *name).collect());
    assert_eq!(files, known, "files and expectations must match");
    for (name, status, code) in expected {
        let deps = deps(MemoryRecords::default());
        let answer = send(&deps, request(&events[name])).await;
        assert_eq!(answer.outcome(), (status, code), "{name}: {}", answer.body);
        if status >= 400 {
            assert_eq!(answer.content_type, refusal_type(&events[name]), "{name}");
        }
        assert_eq!(deps.records.answers(), usize::from(name == "idempotency-key"), "{name}");
    }
}

#[tokio::test]
async fn a_put_has_its_presigned_url_and_headers() {
    let presigned = granted(&png()).await;
    let id = presigned["id"].as_str().unwrap();
    assert_eq!(id, "01a1a147-cefa-7102-8304-05060708090a");
    assert_eq!((&presigned["method"], &presigned["expiresAt"]), (&json!("PUT"), &json!("2026-11-03T12:15:00Z")));
    assert_eq!(presigned.get("fields"), None);
    assert_eq!(presigned.get("multipartRecommended"), None);
    let headers = &presigned["headers"];
    let names: Vec<&String> = headers.as_object().unwrap().keys().collect();
    assert_eq!(names, ["content-length", "content-type", "if-none-match", "x-amz-meta-sluice"]);
    assert_eq!(headers["content-length"], "72");
    assert_eq!(headers["content-type"], "image/png");
    assert_eq!(headers["if-none-match"], "*");
    let grant = decode_grant(headers["x-amz-meta-sluice"].as_str().unwrap());
    assert_eq!((grant.owner, grant.class.as_str()), (owner(ALICE), "default"));
    assert_eq!(grant.size, SizeGrant::Exactly(policy::size::ByteSize::from_bytes(72)));
    assert_eq!(grant.policy_hash, config::<ApiConfig>(&[]).policy.hash);

    // Without the signature: it depends on the hash of the shipped policy, which is part of the grant.
    let key = ObjectKey::new(owner(ALICE), UploadId::parse(id).unwrap()).to_string();
    let url = presigned["url"].as_str().unwrap();
    let golden = format!(
        "https://sluice-example.s3.eu-central-1.amazonaws.com/{key}\
         ?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F20261103%2Feu-central-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20261103T120000Z\
         &X-Amz-Expires=900\
         &X-Amz-Security-Token=session%2Ftoken%2Bexample%3D%3D\
         &X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-meta-sluice\
         &X-Amz-Signature="
    );
    let signature = url.strip_prefix(golden.as_str()).unwrap_or_else(|| panic!("{url}\n{golden}"));
    assert!(signature.len() == 64 && signature.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(granted(&png()).await, presigned, "the same time and randomness give the same response");
}

#[tokio::test]
async fn a_fixed_policy_gives_a_fixed_url() {
    let policy = r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["*/*"]}]}}}"#;
    let deps = Deps { config: config(&[("POLICY", policy)]), ..deps(PanickingTable) };
    let answer = send(&deps, create(&png()).request()).await;
    assert_eq!(answer.body["url"], GOLDEN_URL);
}

const GOLDEN_URL: &str = "https://sluice-example.s3.eu-central-1.amazonaws.com\
    /1/a/2026-11-03/a3d4c8f2-4021-7056-9c1e-0b8f5d6e7a01~63014561f351f560/01a1a147-cefa-7102-8304-05060708090a\
    ?X-Amz-Algorithm=AWS4-HMAC-SHA256\
    &X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F20261103%2Feu-central-1%2Fs3%2Faws4_request\
    &X-Amz-Date=20261103T120000Z&X-Amz-Expires=900&X-Amz-Security-Token=session%2Ftoken%2Bexample%3D%3D\
    &X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-meta-sluice\
    &X-Amz-Signature=7fa736352052a6b810c7190a004d781d3fe46342a3d94ab0ce73eb56c100c334";

#[tokio::test]
async fn a_checksum_becomes_a_signed_header() {
    for (algorithm, bytes) in [("crc32", 4), ("crc32c", 4), ("crc64nvme", 8), ("sha1", 20), ("sha256", 32)] {
        // Zeros in base64: one `A` for each six bits, filled up with `=`.
        let value = format!("{}{}", "A".repeat((bytes * 8_usize).div_ceil(6)), "=".repeat((3 - bytes % 3) % 3));
        let presigned = granted(&with(png(), "checksum", json!({ "algorithm": algorithm, "value": value }))).await;
        let header = format!("x-amz-checksum-{algorithm}");
        assert_eq!(presigned["headers"][&header], value);
        assert!(presigned["url"].as_str().unwrap().contains(&format!("%3B{header}%3B")), "{algorithm}");
    }
}

#[tokio::test]
async fn a_form_binds_type_grant_and_range() {
    let body = with(json!({ "filename": "photo.png", "contentType": "image/png" }), "method", json!("POST"));
    let presigned = granted(&body).await;
    assert_eq!(presigned["url"], "https://sluice-example.s3.eu-central-1.amazonaws.com/");
    assert_eq!((&presigned["method"], presigned.get("headers")), (&json!("POST"), None));
    let document = form_policy(&presigned);
    assert_eq!(document["expiration"], presigned["expiresAt"]);
    let conditions = document["conditions"].as_array().unwrap();
    assert!(conditions.contains(&json!(["content-length-range", 1, 5_000_000_000_u64])), "{document}");
    for (name, value) in presigned["fields"].as_object().unwrap() {
        let bound = conditions.contains(&json!({ name: value }));
        assert_eq!(bound, !matches!(name.as_str(), "policy" | "x-amz-signature"), "{name}");
    }
    let exact = form_policy(&granted(&with(body, "size", json!(72))).await);
    assert!(exact["conditions"].as_array().unwrap().contains(&json!(["content-length-range", 72, 72])));
}

fn form_policy(presigned: &Value) -> Value {
    let policy = presigned["fields"]["policy"].as_str().unwrap();
    serde_json::from_slice(&base64(policy)).unwrap()
}

/// Decodes standard base64 without another dependency.
fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut buffer) = (Vec::new(), 0, 0_u32);
    for digit in text.chars().map_while(|c| DIGITS.find(c)) {
        buffer = (buffer << 6 | u32::try_from(digit).unwrap()) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).unwrap());
        }
    }
    bytes
}

#[tokio::test]
async fn multipart_is_recommended_from_the_configured_size() {
    for (size, recommended) in [(99_999_999, Value::Null), (100_000_000, json!(true)), (100_000_001, json!(true))] {
        let body = json!({ "filename": "film.mp4", "contentType": "video/mp4", "size": size });
        assert_eq!(granted(&body).await["multipartRecommended"], recommended, "{size}");
    }
}

#[tokio::test]
async fn the_policy_has_the_limits_of_each_class() {
    let answer = send(&deps(PanickingTable), ApiRequest::new("GET", "/policy").by(ALICE).request()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["classes"]["avatar"]["allow"][0]["max"], 5_000_000);
    assert_eq!(answer.body["classes"]["avatar"]["urlLifeSeconds"], 300);
    assert_eq!(answer.body["classes"]["default"]["singleRequestMax"], 5_000_000_000_u64);
    let get_class = |class: &str| ApiRequest::new("GET", "/policy").by(ALICE).query(&format!("class={class}"));
    let one = send(&deps(PanickingTable), get_class("avatar").request()).await;
    assert_eq!(one.body, json!({ "classes": { "avatar": answer.body["classes"]["avatar"] } }));
    assert_eq!(send(&deps(PanickingTable), get_class("video").request()).await.outcome(), (422, "unknown-class"));
    for query in ["", "class=avatar"] {
        let without_claims =
            send(&deps(PanickingTable), ApiRequest::new("GET", "/policy").query(query).request()).await;
        assert_eq!(without_claims.outcome(), (401, "unauthenticated"));
    }
}

#[tokio::test]
async fn open_mode_grants_to_every_caller_as_one_owner() {
    let deps = Deps { config: config(&[("OPEN_MODE", "true")]), ..deps(PanickingTable) };
    for call in [create(&png()), ApiRequest::new("POST", "/uploads").body(png().to_string())] {
        let answer = send(&deps, call.request()).await;
        assert_eq!(answer.status, 201);
        let grant = decode_grant(answer.body["headers"]["x-amz-meta-sluice"].as_str().unwrap());
        assert_eq!(grant.owner, policy::key::OwnerId::open());
    }
}
