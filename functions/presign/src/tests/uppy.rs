//! `GET /s3/params`, with the response that Uppy 4 to 6 need.

use super::*;

async fn params(path: &str, query: &str) -> ApiResponse {
    send(&deps(PanickingTable), ApiRequest::new("GET", path).query(query).by(ALICE).request()).await
}

async fn presigned(path: &str, query: &str) -> Value {
    let answer = params(path, query).await;
    assert_eq!(answer.outcome(), (200, ""), "{query}: {}", answer.body);
    assert_eq!(answer.content_type, "application/json");
    assert_eq!(answer.body.get("error"), None, "versions 2 to 5 fail if this field exists");
    answer.body
}

fn granted_by(presigned: &Value) -> Grant {
    let values = if presigned["method"] == "PUT" { &presigned["headers"] } else { &presigned["fields"] };
    decode_grant(values["x-amz-meta-sluice"].as_str().unwrap())
}

#[tokio::test]
async fn every_version_accepts_the_form() {
    let answer = presigned("/s3/params", "filename=photo.png&type=image%2Fpng&metadata%5Bname%5D=photo.png").await;
    let names: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(names, ["expires", "fields", "method", "url"]);
    assert_eq!((&answer["method"], &answer["expires"]), (&json!("POST"), &json!(900)));
    assert!(answer["url"].as_str().unwrap().ends_with('/'), "6.0 and 6.1 append the key without a slash");
    let fields = answer["fields"].as_object().unwrap();
    assert!(fields.values().all(Value::is_string), "{answer}");
    let key = fields["key"].as_str().unwrap();
    assert_eq!(ObjectKey::parse(key).unwrap().owner(), &owner(ALICE));
    assert_eq!((&fields["content-type"], &fields["success_action_status"]), (&json!("image/png"), &json!("201")));
    for name in fields.keys() {
        let name = name.to_lowercase();
        assert!(
            !matches!(name.as_str(), "file" | "redirect" | "success_action_redirect"),
            "version 6 throws at {name}"
        );
    }
    let document = form_policy(&answer);
    assert!(document["conditions"].as_array().unwrap().contains(&json!([
        "content-length-range",
        1,
        5_000_000_000_u64
    ])));
}

#[tokio::test]
async fn the_class_comes_from_the_path_or_the_metadata() {
    for (path, query) in [
        ("/avatar/s3/params", "filename=a.png&type=image/png"),
        ("//avatar//s3/params", "filename=a.png&type=image/png"),
        ("/s3/params", "filename=a.png&type=image/png&metadata[class]=avatar"),
    ] {
        let answer = presigned(path, query).await;
        assert_eq!((granted_by(&answer).class.as_str(), &answer["expires"]), ("avatar", &json!(300)), "{path}?{query}");
    }
    assert_eq!(params("/giant/s3/params", "filename=a.png&type=image/png").await.outcome(), (422, "unknown-class"));
}

#[tokio::test]
async fn put_needs_the_method_parameter_and_a_size() {
    let answer = presigned("/s3/params", "filename=a.png&type=image/png&method=put&metadata[size]=72").await;
    assert_eq!(answer["method"], "PUT");
    // Versions 4 and 5 read the key from `fields`; a PUT sends no form fields.
    let fields = answer["fields"].as_object().unwrap();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["key"]);
    let key = ObjectKey::parse(fields["key"].as_str().unwrap()).unwrap();
    assert_eq!(key.owner(), &owner(ALICE));
    assert!(answer["url"].as_str().unwrap().contains(&format!("/{key}?")), "{answer}");
    let headers: Vec<&String> = answer["headers"].as_object().unwrap().keys().collect();
    assert_eq!(headers, ["content-type", "if-none-match", "x-amz-meta-sluice"], "a script can't set content-length");
    assert!(answer["url"].as_str().unwrap().contains("SignedHeaders=content-length%3Bcontent-type%3B"));
    let unsized_put = params("/s3/params", "filename=a.png&type=image/png&method=PUT").await;
    assert_eq!(unsized_put.outcome(), (422, "size-required"));
}

#[tokio::test]
async fn a_declared_size_is_granted_to_the_byte() {
    let answer = presigned("/s3/params", "filename=a.png&type=image/png&metadata[size]=72").await;
    let document = form_policy(&answer);
    assert!(document["conditions"].as_array().unwrap().contains(&json!(["content-length-range", 72, 72])));
    let large = params("/avatar/s3/params", "filename=a.png&type=image/png&metadata[size]=5000001").await;
    assert_eq!(large.outcome(), (422, "too-large"));
}

#[tokio::test]
async fn a_refusal_has_the_content_type_that_old_clients_need() {
    let answer = params("/s3/params", "type=image/png").await;
    assert_eq!((answer.outcome(), answer.content_type.as_str()), ((400, "invalid-filename"), "application/json"));
    assert!(answer.body["message"].is_string(), "versions up to 5 show it");
    let answer = params("/avatar/s3/params", "filename=a.png&type=image/png&metadata[album]=x").await;
    assert_eq!(answer.outcome(), (422, "metadata-not-allowed"));
    let without_claims =
        send(&deps(PanickingTable), ApiRequest::new("GET", "/s3/params").query("filename=a.png").request()).await;
    assert_eq!(without_claims.outcome(), (401, "unauthenticated"));
    for (method, path) in
        [("POST", "/s3/params"), ("GET", "/s3/sts"), ("POST", "/s3/multipart"), ("GET", "/x/y/s3/params")]
    {
        let answer = send(&deps(PanickingTable), ApiRequest::new(method, path).by(ALICE).request()).await;
        assert_eq!(answer.outcome(), (404, "no-such-route"), "{method} {path}");
    }
}
