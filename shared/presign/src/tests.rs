//! Each step of a signature against AWS's published vectors, and whole URLs against the `aws-sigv4` crate.

use std::time::Duration;

use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use sha2::{Digest, Sha256};

use crate::post::FormRequest;
use crate::sigv4::{PATH, QUERY, canonical_request, signing_key, string_to_sign};
use crate::{Addressing, BucketEndpoint, Credentials, Request, Signer, Signers, expiry};

/// The credentials of the example in <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>.
fn example() -> Credentials {
    Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: None,
    }
}

fn may_2013() -> Timestamp {
    "2013-05-24T00:00:00Z".parse().unwrap()
}

const EXAMPLE_QUERY: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256\
    &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
    &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host";

#[test]
fn step_1_canonical_request() {
    let canonical =
        canonical_request("GET", "/test.txt", EXAMPLE_QUERY, &[("host", "examplebucket.s3.amazonaws.com")], "host");
    assert_eq!(
        canonical,
        format!("GET\n/test.txt\n{EXAMPLE_QUERY}\nhost:examplebucket.s3.amazonaws.com\n\nhost\nUNSIGNED-PAYLOAD")
    );
    assert_eq!(
        hex::encode(Sha256::digest(&canonical)),
        "3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04"
    );
}

#[test]
fn step_2_string_to_sign() {
    let canonical =
        format!("GET\n/test.txt\n{EXAMPLE_QUERY}\nhost:examplebucket.s3.amazonaws.com\n\nhost\nUNSIGNED-PAYLOAD");
    assert_eq!(
        string_to_sign("20130524T000000Z", "20130524/us-east-1/s3/aws4_request", &canonical),
        "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n\
         3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04"
    );
}

#[test]
fn step_3_signing_key() {
    // <https://docs.aws.amazon.com/general/latest/gr/signature-v4-examples.html>: key for IAM on 2015-08-30.
    let key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam");
    assert_eq!(hex::encode(key), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

#[test]
fn step_4_signature() {
    let signer = Signer::new(&example(), "us-east-1", may_2013());
    let canonical =
        format!("GET\n/test.txt\n{EXAMPLE_QUERY}\nhost:examplebucket.s3.amazonaws.com\n\nhost\nUNSIGNED-PAYLOAD");
    assert_eq!(
        signer.sign(&string_to_sign(&signer.date, &signer.scope, &canonical)),
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}

#[test]
fn presigned_url_of_the_example() {
    let signer = Signer::new(&example(), "us-east-1", may_2013());
    let custom = Addressing::Custom { endpoint: "https://examplebucket.s3.amazonaws.com".to_owned() };
    // The example uses the global endpoint. A custom endpoint gives that host, with a bucket in the path.
    let endpoint = BucketEndpoint::new("x", "us-east-1", &custom);
    let request = Request { method: "GET", endpoint: &endpoint, key: "test.txt", headers: &[], query: &[] };
    let url = signer.presign(&request, Duration::from_hours(24));
    assert!(
        url.starts_with(&format!("https://examplebucket.s3.amazonaws.com/x/test.txt?{EXAMPLE_QUERY}&X-Amz-Signature="))
    );
}

#[test]
fn signature_of_the_example_post_policy() {
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>: the signature of the
    // policy on that page, which has CRLF line ends.
    let policy = "{ \"expiration\": \"2015-12-30T12:00:00.000Z\",\r\n  \"conditions\": [\r\n    {\"bucket\": \"sigv4examplebucket\"},\r\n    [\"starts-with\", \"$key\", \"user/user1/\"],\r\n    {\"acl\": \"public-read\"},\r\n    {\"success_action_redirect\": \"http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html\"},\r\n    [\"starts-with\", \"$Content-Type\", \"image/\"],\r\n    {\"x-amz-meta-uuid\": \"14365123651274\"},\r\n    {\"x-amz-server-side-encryption\": \"AES256\"},\r\n    [\"starts-with\", \"$x-amz-meta-tag\", \"\"],\r\n\r\n    {\"x-amz-credential\": \"AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request\"},\r\n    {\"x-amz-algorithm\": \"AWS4-HMAC-SHA256\"},\r\n    {\"x-amz-date\": \"20151229T000000Z\" }\r\n  ]\r\n}";
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, policy);
    let signer = Signer::new(&example(), "us-east-1", "2015-12-29T00:00:00Z".parse().unwrap());
    assert_eq!(signer.sign(&encoded), "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
}

#[test]
fn the_post_policy_has_a_condition_for_each_field_and_the_size_range() {
    let credentials = Credentials { session_token: Some("tok+en=".to_owned()), ..example() };
    let signer = Signer::new(&credentials, "eu-west-1", may_2013());
    let endpoint = BucketEndpoint::new("b", "eu-west-1", &Addressing::Regional);
    let fields = [("content-type", "image/png".to_owned())];
    let (min, max) = (1, 10);
    let request = FormRequest { bucket: "b", endpoint: &endpoint, key: "k", fields: &fields, min, max };
    let form = signer.form(&request, may_2013(), Duration::from_mins(1));
    assert_eq!(form.url, "https://b.s3.eu-west-1.amazonaws.com/");
    let value = |name: &str| form.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let policy = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, value("policy").unwrap()).unwrap();
    let policy: serde_json::Value = serde_json::from_slice(&policy).unwrap();
    assert_eq!(policy["expiration"], "2013-05-24T00:01:00Z");
    let conditions = policy["conditions"].as_array().unwrap();
    assert!(conditions.contains(&serde_json::json!(["content-length-range", 1, 10])));
    for (name, value) in form.fields.iter().filter(|(n, _)| n != "policy" && n != "x-amz-signature") {
        assert!(conditions.contains(&serde_json::json!({ name: value })), "{name}");
    }
    assert_eq!(value("x-amz-security-token"), Some("tok+en="));
}

#[test]
fn debug_output_has_no_secret() {
    let credentials = Credentials { session_token: Some("token".to_owned()), ..example() };
    let shown = format!("{credentials:?}");
    assert!(shown.contains("AKIAIOSFODNN7EXAMPLE") && !shown.contains("wJalr") && !shown.contains("token"));
}

#[test]
fn urls_equal_those_of_aws_sigv4() {
    use aws_sigv4::http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
        UriPathNormalizationMode, sign,
    };
    let credentials = Credentials { session_token: Some("a/b+c=".to_owned()), ..example() };
    let endpoint = BucketEndpoint::new("bucket", "eu-west-1", &Addressing::Regional);
    let headers = [
        ("content-length", "68".to_owned()),
        ("content-type", "image/png".to_owned()),
        ("if-none-match", "*".to_owned()),
        ("x-amz-meta-note", "e30".to_owned()),
    ];
    let query = [("versionId", "a b+c/ü".to_owned())];
    let request = Request { method: "PUT", endpoint: &endpoint, key: "1/ab/ü ~x+y", headers: &headers, query: &query };
    let ours = Signer::new(&credentials, "eu-west-1", may_2013()).presign(&request, Duration::from_mins(15));

    let identity = aws_credential_types::Credentials::new(
        &credentials.access_key_id,
        &credentials.secret_access_key,
        credentials.session_token.clone(),
        None,
        "test",
    )
    .into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    settings.expires_in = Some(Duration::from_mins(15));
    let parameters = aws_sigv4::sign::v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("s3")
        .time(std::time::SystemTime::UNIX_EPOCH + Duration::from_hours(380_376))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let unsigned = ours.split("&X-Amz-").next().unwrap();
    let url = format!(
        "https://{}/{}?versionId={}",
        endpoint.host(),
        utf8_percent_encode("1/ab/ü ~x+y", PATH),
        utf8_percent_encode("a b+c/ü", QUERY)
    );
    assert!(unsigned.starts_with("https://bucket.s3.eu-west-1.amazonaws.com/1/ab/%C3%BC%20~x%2By?"));
    let signable =
        SignableRequest::new("PUT", &url, headers.iter().map(|(n, v)| (*n, v.as_str())), SignableBody::UnsignedPayload)
            .unwrap();
    let (instructions, signature) = sign(signable, &parameters).unwrap().into_parts();
    assert!(ours.ends_with(&format!("X-Amz-Signature={signature}")), "{ours}\n{:?}", instructions.params());
}

#[test]
fn cached_signers_sign_like_new_ones_across_midnight() {
    let credentials = Credentials { session_token: Some("tok+en/==".to_owned()), ..example() };
    let endpoint = BucketEndpoint::new("b", "eu-west-1", &Addressing::Regional);
    let request = Request { method: "GET", endpoint: &endpoint, key: "k", headers: &[], query: &[] };
    let signers = Signers::new(credentials.clone(), "eu-west-1".to_owned());
    // The last one goes back a day, as a corrected clock does.
    for now in ["2026-11-22T00:00:00Z", "2026-11-22T23:59:59.999Z", "2026-11-23T00:00:00Z", "2026-11-22T23:59:59Z"] {
        let now = now.parse().unwrap();
        let new = Signer::new(&credentials, "eu-west-1", now);
        let life = Duration::from_mins(15);
        assert_eq!(signers.at(now).presign(&request, life), new.presign(&request, life), "{now}");
        assert_eq!(signers.clone().at(now).date, new.date);
    }
}

#[test]
fn expiry_counts_from_the_whole_second() {
    let now: Timestamp = "2013-05-24T00:00:00.999Z".parse().unwrap();
    assert_eq!(expiry(now, Duration::from_mins(1)).to_string(), "2013-05-24T00:01:00Z");
    assert_eq!(expiry(now, Duration::MAX), Timestamp::MAX);
}
