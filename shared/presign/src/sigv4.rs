//! The steps of Signature Version 4 that do not depend on a credential:
//! canonical request, string to sign, signing key
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).
//!
//! The query form that presigned URLs use:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>, read 2026-11.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// The value of `X-Amz-Algorithm`.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Encodes every byte except `A–Z a–z 0–9 - . _ ~`, a space as `%20`
/// (`UriEncode` in <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>).
pub(crate) const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same rule for an object key, in which `/` is not encoded (same page).
pub(crate) const PATH: &AsciiSet = &QUERY.remove(b'/');

/// A query parameter's value, before or after percent-encoding.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value<'a> {
    /// Not encoded yet.
    Plain(&'a str),
    /// Encoded already, or without a character that needs encoding.
    Encoded(&'a str),
}

/// The canonical query string: pairs sorted by name, then value. S3 sorts the encoded names. Encoding does not change
/// the order of the parameter names that S3 defines, so this function sorts before it encodes.
pub(crate) fn canonical_query(pairs: &mut [(&str, Value<'_>)]) -> String {
    /// Holds a URL with a session token, so that the string grows at most once.
    const TYPICAL_BYTES: usize = 2048;
    pairs.sort_unstable();
    let mut query = String::with_capacity(TYPICAL_BYTES);
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

/// The canonical request, with `UNSIGNED-PAYLOAD` in place of the body's hash: the body of a presigned request is not
/// known when the URL is signed (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>).
pub(crate) fn canonical_request(
    method: &str,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    signed_headers: &str,
) -> String {
    /// Holds the headers of a typical PUT, so that the string grows at most once.
    const TYPICAL_HEADER_BYTES: usize = 512;
    let mut text = String::with_capacity(method.len() + path.len() + query.len() + TYPICAL_HEADER_BYTES);
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
    text.push('\n');
    text.push_str(signed_headers);
    text.push_str("\nUNSIGNED-PAYLOAD");
    text
}

pub(crate) fn string_to_sign(date: &str, scope: &str, canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical_request)))
}

/// The key for one day, region and service, derived in four steps
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).
pub(crate) fn signing_key(secret: &str, day: &str, region: &str, service: &str) -> [u8; 32] {
    let day = hmac(format!("AWS4{secret}").as_bytes(), day.as_bytes());
    let region = hmac(&day, region.as_bytes());
    let service = hmac(&region, service.as_bytes());
    hmac(&service, b"aws4_request")
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    hmac_with(key).chain_update(text).finalize().into_bytes().into()
}

/// An HMAC-SHA256 that is ready for its message.
pub(crate) fn hmac_with(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC accepts a key of any length (RFC 2104)")
}

/// The value of `X-Amz-Date`, such as `20130524T000000Z`: ISO 8601 in its basic form, in UTC and without fractions
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>).
pub(crate) fn amz_date(now: Timestamp) -> String {
    whole_second(now).to_string().chars().filter(|c| *c != '-' && *c != ':').collect()
}

/// The day of an [`amz_date`], such as `20130524`: the part of it that the signing key and the scope contain.
pub(crate) fn day_of(amz_date: &str) -> &str {
    amz_date.split('T').next().expect("a split has a first part")
}

fn whole_second(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).expect("a timestamp without its fraction is a timestamp")
}

/// When a URL or form that was signed at `now` for `life` expires. S3 counts whole seconds from `X-Amz-Date`, which has
/// no fraction (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>).
///
/// A `life` beyond the year 9999 gives [`Timestamp::MAX`].
#[must_use]
pub fn expiry(now: Timestamp, life: Duration) -> Timestamp {
    let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX);
    whole_second(now).checked_add(life).unwrap_or(Timestamp::MAX)
}
