//! Form POSTs: a signed policy document instead of signed headers, and the only way to grant a size *range*.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

use crate::{BucketEndpoint, Signer, expiry};

/// What a form must hold, in order; the file comes last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Where to post it.
    pub url: String,
    /// Its fields.
    pub fields: Vec<(String, String)>,
}

/// What a form may carry.
#[derive(Debug, Clone)]
pub struct FormRequest<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// The bucket's address.
    pub endpoint: &'a BucketEndpoint,
    /// The object's key.
    pub key: &'a str,
    /// Fields with fixed values besides the key.
    pub fields: &'a [(&'a str, String)],
    /// The smallest body in bytes.
    pub min: u64,
    /// The largest body in bytes.
    pub max: u64,
}

impl Signer {
    /// The form that lets its holder post one object until `life` has passed after `now`.
    #[must_use]
    pub fn form(&self, request: &FormRequest<'_>, now: Timestamp, life: Duration) -> Form {
        let mut fields: Vec<(String, String)> = vec![("key".to_owned(), request.key.to_owned())];
        fields.extend(request.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        fields.extend([
            ("x-amz-algorithm".to_owned(), "AWS4-HMAC-SHA256".to_owned()),
            ("x-amz-credential".to_owned(), self.credential.clone()),
            ("x-amz-date".to_owned(), self.date.clone()),
        ]);
        if let Some(token) = &self.token {
            fields.push(("x-amz-security-token".to_owned(), token.clone()));
        }
        let document = policy_document(request, &fields, expiry(now, life));
        let policy = BASE64_STANDARD.encode(document.to_string());
        let signature = self.sign(&policy);
        fields.extend([("policy".to_owned(), policy), ("x-amz-signature".to_owned(), signature)]);
        Form { url: request.endpoint.bucket_url(), fields }
    }
}

/// Every field with exactly its value: S3 refuses a form with a field that no condition covers.
fn policy_document(request: &FormRequest<'_>, fields: &[(String, String)], expiration: Timestamp) -> Value {
    let mut conditions =
        vec![json!({ "bucket": request.bucket }), json!(["content-length-range", request.min, request.max])];
    conditions.extend(fields.iter().map(|(name, value)| json!({ name: value })));
    json!({ "expiration": expiration.to_string(), "conditions": conditions })
}
