//! Presigned URLs.

use std::time::Duration;

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use sha2::Sha256;

use crate::credentials::Credentials;
use crate::endpoint::BucketEndpoint;
use crate::sigv4::{
    ALGORITHM, PATH, QUERY, Value, amz_date, canonical_query, canonical_request, day_of, hmac_with, signing_key,
    string_to_sign,
};

/// Signs for S3 in one region, with one set of credentials, at one instant.
///
/// [`Signer::new`] derives the signing key, which is most of the work. Use one signer for many URLs.
#[derive(Clone)]
pub struct Signer {
    pub(crate) credential: String,
    pub(crate) session_token: Option<String>,
    pub(crate) date: String,
    pub(crate) scope: String,
    /// Keyed with the signing key, so that each signature costs two hash blocks less.
    mac: Hmac<Sha256>,
    /// `credential` and `session_token`, percent-encoded once for all URLs.
    encoded_credential: String,
    encoded_session_token: Option<String>,
}

/// A request to presign.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// In upper case, such as `GET` or `PUT`.
    pub method: &'a str,
    /// The bucket.
    pub endpoint: &'a BucketEndpoint,
    /// The object key, not percent-encoded.
    pub key: &'a str,
    /// Headers that the sender must send with exactly these values. Names in lower case, without `host`.
    pub headers: &'a [(&'a str, String)],
    /// Query parameters of the S3 operation, such as `partNumber`, not percent-encoded.
    pub query: &'a [(&'a str, String)],
}

impl Signer {
    /// A signer for S3 in `region`, such as `eu-central-1`. Every URL is valid from `now`.
    #[must_use]
    pub fn new(credentials: &Credentials, region: &str, now: Timestamp) -> Self {
        let date = amz_date(now);
        let day = day_of(&date);
        let scope = format!("{day}/{region}/s3/aws4_request");
        let credential = format!("{}/{scope}", credentials.access_key_id);
        let encoded = |text: &str| utf8_percent_encode(text, QUERY).to_string();
        Self {
            encoded_credential: encoded(&credential),
            encoded_session_token: credentials.session_token.as_deref().map(encoded),
            credential,
            session_token: credentials.session_token.clone(),
            mac: hmac_with(&signing_key(&credentials.secret_access_key, day, region, "s3")),
            scope,
            date,
        }
    }

    /// The same signer at another time of the same day.
    pub(crate) fn with_date(self, date: String) -> Self {
        debug_assert_eq!(day_of(&self.date), day_of(&date), "the signing key is for another day");
        Self { date, ..self }
    }

    /// A URL that permits `request` until `life` has passed. `life` counts in whole seconds, from 1 to 604,800 (seven
    /// days). S3 refuses the URL otherwise
    /// (`X-Amz-Expires`, <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>).
    #[must_use]
    pub fn presign(&self, request: &Request<'_>, life: Duration) -> String {
        let host = request.endpoint.host();
        let mut headers: Vec<(&str, &str)> = request.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        headers.push(("host", host));
        headers.sort_unstable();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let signed_headers = names.join(";");

        let seconds = life.as_secs().to_string();
        let encoded_names = utf8_percent_encode(&signed_headers, QUERY).to_string();
        let mut query: Vec<(&str, Value<'_>)> =
            request.query.iter().map(|(name, value)| (*name, Value::Plain(value))).collect();
        query.extend([
            ("X-Amz-Algorithm", Value::Encoded(ALGORITHM)),
            ("X-Amz-Credential", Value::Encoded(&self.encoded_credential)),
            ("X-Amz-Date", Value::Encoded(&self.date)),
            ("X-Amz-Expires", Value::Encoded(&seconds)),
            ("X-Amz-SignedHeaders", Value::Encoded(&encoded_names)),
        ]);
        if let Some(token) = &self.encoded_session_token {
            query.push(("X-Amz-Security-Token", Value::Encoded(token)));
        }
        let query = canonical_query(&mut query);
        let path = utf8_percent_encode(&request.endpoint.path(request.key), PATH).to_string();
        let canonical = canonical_request(request.method, &path, &query, &headers, &signed_headers);
        let signature = self.sign(&string_to_sign(&self.date, &self.scope, &canonical));
        [request.endpoint.scheme(), "://", host, &path, "?", &query, "&X-Amz-Signature=", &signature].concat()
    }

    /// The signature of `text`: 64 lower-case hex digits.
    pub(crate) fn sign(&self, text: &str) -> String {
        let mut mac = self.mac.clone();
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}
