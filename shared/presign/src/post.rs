//! Browser uploads with a signed POST policy
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html>).
//!
//! A POST policy can permit a range of sizes. A presigned PUT URL can only permit one exact size, through a signed
//! `content-length` header.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::endpoint::BucketEndpoint;
use crate::signer::Signer;
use crate::sigv4::{ALGORITHM, expiry};

/// A signed form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The browser posts the form to this URL, as `multipart/form-data`.
    pub url: String,
    /// The form's fields. The field `file` follows them: S3 ignores fields after it
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>).
    pub fields: Vec<(String, String)>,
}

/// A form to sign.
#[derive(Debug, Clone)]
pub struct FormRequest<'a> {
    /// The bucket's name, as the policy repeats it.
    pub bucket: &'a str,
    /// The bucket's address.
    pub endpoint: &'a BucketEndpoint,
    /// The object key, not percent-encoded.
    pub key: &'a str,
    /// Further fields with fixed values, such as `content-type`.
    pub fields: &'a [(&'a str, String)],
    /// The smallest file in bytes, inclusive.
    pub min: u64,
    /// The largest file in bytes, inclusive. S3 accepts at most 5 GiB in one POST
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
    pub max: u64,
}

impl Signer {
    /// A form that S3 accepts, also repeatedly, until `life` has passed after `now`.
    /// `now` must be the time for which the signer was made.
    #[must_use]
    pub fn form(&self, request: &FormRequest<'_>, now: Timestamp, life: Duration) -> Form {
        let mut fields: Vec<(String, String)> = vec![("key".to_owned(), request.key.to_owned())];
        fields.extend(request.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        fields.extend([
            ("x-amz-algorithm".to_owned(), ALGORITHM.to_owned()),
            ("x-amz-credential".to_owned(), self.credential.clone()),
            ("x-amz-date".to_owned(), self.date.clone()),
        ]);
        if let Some(token) = &self.session_token {
            fields.push(("x-amz-security-token".to_owned(), token.clone()));
        }
        let document = policy_document(request, &fields, expiry(now, life));
        let policy = BASE64_STANDARD.encode(document.to_string());
        // For a form, the string to sign is the encoded policy
        // (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html>).
        let signature = self.sign(&policy);
        fields.extend([("policy".to_owned(), policy), ("x-amz-signature".to_owned(), signature)]);
        Form { url: request.endpoint.bucket_url(), fields }
    }
}

/// The POST policy. S3 requires a condition for every field except `file`, `policy` and `x-amz-signature`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>).
fn policy_document(request: &FormRequest<'_>, fields: &[(String, String)], expiration: Timestamp) -> Value {
    let mut conditions =
        vec![json!({ "bucket": request.bucket }), json!(["content-length-range", request.min, request.max])];
    conditions.extend(fields.iter().map(|(name, value)| json!({ name: value })));
    json!({ "expiration": expiration.to_string(), "conditions": conditions })
}
