#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! Signature Version 4 in query form, as small steps that can each be held against AWS's published vectors:
//! canonical request, string to sign, signing key, signature
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>, read 2026-11).

pub mod day;
pub mod endpoint;
pub mod post;

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

pub use day::Signers;
pub use endpoint::{Addressing, BucketEndpoint};

/// Credentials to sign with. `Debug` shows the key id only.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key id, public.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Everything but `A–Z a–z 0–9 - . _ ~`, as Signature Version 4 demands. Form encoding would write a space as
/// `+`, which S3 signs as a plus sign.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same for a path, where slashes stay.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// Signs for one region with one set of credentials at one instant.
///
/// The key of the day is derived once, here; signing many URLs with one `Signer` is cheap.
#[derive(Clone)]
pub struct Signer {
    credential: String,
    token: Option<String>,
    date: String,
    scope: String,
    /// The key of the day, already mixed into both of HMAC's hashes.
    key: Hmac<Sha256>,
    /// `credential` and `token` as a query wants them: the same in every URL, and most of its length.
    encoded_credential: String,
    encoded_token: Option<String>,
}

/// A request that somebody else will send.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// `GET` or `PUT`.
    pub method: &'a str,
    /// Where the object lies.
    pub endpoint: &'a BucketEndpoint,
    /// The object's key, not encoded.
    pub key: &'a str,
    /// Headers that the sender must repeat exactly, lower-case names, in order; `host` is added.
    pub headers: &'a [(&'a str, String)],
    /// Query parameters of the operation, not encoded.
    pub query: &'a [(&'a str, String)],
}

impl Signer {
    /// A signer for S3 in `region` at `now`.
    #[must_use]
    pub fn new(credentials: &Credentials, region: &str, now: Timestamp) -> Self {
        let date = amz_date(now);
        let day = date.get(..8).unwrap_or_default();
        let scope = format!("{day}/{region}/s3/aws4_request");
        let credential = format!("{}/{scope}", credentials.access_key_id);
        let encoded = |text: &str| utf8_percent_encode(text, QUERY).to_string();
        Self {
            encoded_credential: encoded(&credential),
            encoded_token: credentials.session_token.as_deref().map(encoded),
            credential,
            token: credentials.session_token.clone(),
            key: keyed(&signing_key(&credentials.secret_access_key, day, region, "s3")),
            scope,
            date,
        }
    }

    /// The URL that lets its holder send `request` until `life` has passed.
    #[must_use]
    pub fn presign(&self, request: &Request<'_>, life: Duration) -> String {
        let host = request.endpoint.host();
        let mut headers: Vec<(&str, &str)> = request.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        headers.push(("host", host));
        headers.sort_unstable();
        let signed: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let signed = signed.join(";");

        let seconds = life.as_secs().to_string();
        let signed_encoded = utf8_percent_encode(&signed, QUERY).to_string();
        let mut query: Vec<(&str, Value<'_>)> =
            request.query.iter().map(|(name, value)| (*name, Value::Plain(value))).collect();
        query.extend([
            ("X-Amz-Algorithm", Value::Encoded("AWS4-HMAC-SHA256")),
            ("X-Amz-Credential", Value::Encoded(&self.encoded_credential)),
            ("X-Amz-Date", Value::Encoded(&self.date)),
            ("X-Amz-Expires", Value::Encoded(&seconds)),
            ("X-Amz-SignedHeaders", Value::Encoded(&signed_encoded)),
        ]);
        if let Some(token) = &self.encoded_token {
            query.push(("X-Amz-Security-Token", Value::Encoded(token)));
        }
        let query = canonical_query(&mut query);
        let path = utf8_percent_encode(&request.endpoint.path(request.key), PATH).to_string();
        let canonical = canonical_request(request.method, &path, &query, &headers, &signed);
        let signature = self.sign(&string_to_sign(&self.date, &self.scope, &canonical));
        [request.endpoint.scheme(), "://", host, &path, "?", &query, "&X-Amz-Signature=", &signature].concat()
    }

    /// The signature of `text`, in hex.
    fn sign(&self, text: &str) -> String {
        let mut mac = self.key.clone();
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

/// A query parameter's value.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value<'a> {
    /// As it is meant.
    Plain(&'a str),
    /// As it goes into the query, or so that there is nothing to encode.
    Encoded(&'a str),
}

/// Sorted by name, then value, as the canonical request wants it; encoding changes no order among the names in use.
fn canonical_query(pairs: &mut [(&str, Value<'_>)]) -> String {
    pairs.sort_unstable();
    let mut query = String::with_capacity(2048);
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, QUERY));
        query.push('=');
        match value {
            Value::Plain(text) => query.extend(utf8_percent_encode(text, QUERY)),
            Value::Encoded(text) => query.push_str(text),
        }
    }
    query
}

fn canonical_request(method: &str, path: &str, query: &str, headers: &[(&str, &str)], signed: &str) -> String {
    let mut text = String::with_capacity(method.len() + path.len() + query.len() + 512);
    for line in [method, path, query] {
        text.push_str(line);
        text.push('\n');
    }
    for (name, value) in headers {
        text.push_str(name);
        text.push(':');
        text.push_str(value.trim());
        text.push('\n');
    }
    // The body is the client's business: its length and checksum are bound by signed headers instead.
    text.push('\n');
    text.push_str(signed);
    text.push_str("\nUNSIGNED-PAYLOAD");
    text
}

fn string_to_sign(date: &str, scope: &str, canonical: &str) -> String {
    format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)))
}

fn signing_key(secret: &str, day: &str, region: &str, service: &str) -> [u8; 32] {
    let day = hmac(format!("AWS4{secret}").as_bytes(), day.as_bytes());
    let region = hmac(&day, region.as_bytes());
    let service = hmac(&region, service.as_bytes());
    hmac(&service, b"aws4_request")
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    keyed(key).chain_update(text).finalize().into_bytes().into()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length: the error type exists for other MACs behind the same trait.
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()))
}

/// When a signature made at `now` for `life` expires: it counts whole seconds from a whole second.
#[must_use]
pub fn expiry(now: Timestamp, life: Duration) -> Timestamp {
    let start = Timestamp::from_second(now.as_second()).unwrap_or(now);
    start.checked_add(SignedDuration::try_from(life).unwrap_or_default()).unwrap_or(start)
}

/// `20130524T000000Z`
fn amz_date(now: Timestamp) -> String {
    // RFC 3339 in UTC without what ISO 8601's basic form leaves out.
    let second = Timestamp::from_second(now.as_second()).unwrap_or_default();
    second.to_string().chars().filter(|c| *c != '-' && *c != ':').collect()
}

#[cfg(test)]
mod tests;
