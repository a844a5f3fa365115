//! The secret of an endpoint, and signatures with it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use standardwebhooks::Webhook;

/// The prefix of a secret in the form that receivers use.
const PREFIX: &str = "whsec_";

/// How many bytes a secret has
/// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, read 2026-11).
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The value in Secrets Manager. `sluice webhook-secret rotate` writes the last two.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    current: String,
    previous: Option<String>,
    previous_until: Option<Timestamp>,
}

/// Why a secret's value is invalid. The value itself is never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidSecret {
    /// It is not JSON with `current`, and perhaps `previous` and `previousUntil`.
    #[error("the secret must be JSON with \"current\", and during a rotation \"previous\" and \"previousUntil\"")]
    Form,
    /// A secret is not base64 of 24 to 64 bytes.
    #[error("a secret must be base64 of 24 to 64 bytes")]
    Bytes,
}

/// The secrets that sign a delivery: one, or two during a rotation.
pub(crate) struct Secrets {
    current: Webhook,
    previous: Option<(Webhook, Timestamp)>,
}

impl Secrets {
    /// Reads the value in Secrets Manager.
    ///
    /// # Errors
    /// [`InvalidSecret`].
    pub(crate) fn parse(value: &str) -> Result<Self, InvalidSecret> {
        let stored: Stored = serde_json::from_str(value).map_err(|_| InvalidSecret::Form)?;
        let previous = match (stored.previous, stored.previous_until) {
            (None, None) => None,
            (Some(previous), Some(until)) => Some((key(&previous)?, until)),
            (None, Some(_)) | (Some(_), None) => return Err(InvalidSecret::Form),
        };
        Ok(Self { current: key(&stored.current)?, previous })
    }

    /// The value of `webhook-signature` for a delivery at `now`: with the current secret, then with the previous one
    /// until its end.
    #[must_use]
    pub(crate) fn sign(&self, id: &str, now: Timestamp, body: &str) -> String {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until).map(|(key, _)| key);
        let sign = |key: &Webhook| key.sign(id, now.as_second(), body.as_bytes()).expect("text can be signed");
        let signatures: Vec<String> = std::iter::once(&self.current).chain(previous).map(sign).collect();
        signatures.join(" ")
    }
}

fn key(secret: &str) -> Result<Webhook, InvalidSecret> {
    let bytes = BASE64_STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret));
    match bytes {
        Ok(bytes) if BYTES.contains(&bytes.len()) => Webhook::from_bytes(bytes).map_err(|_| InvalidSecret::Bytes),
        _ => Err(InvalidSecret::Bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const NEW: &str = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn signature(value: &str, now: &str) -> String {
        Secrets::parse(value).ok().unwrap().sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            now.parse().unwrap(),
            r#"{"test": 2432232314}"#,
        )
    }

    #[test]
    fn a_delivery_is_signed_as_the_specification_shows() {
        // The example of the specification's reference libraries: this id, time, body and secret.
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        for prefix in ["", "whsec_"] {
            let value = format!(r#"{{"current": "{prefix}{OLD}"}}"#);
            assert_eq!(signature(&value, "2021-02-25T15:02:10Z"), expected);
        }
    }

    #[test]
    fn both_secrets_sign_until_the_rotation_ends() {
        let value = format!(r#"{{"current": "{NEW}", "previous": "{OLD}", "previousUntil": "2021-02-25T18:00:00Z"}}"#);
        let alone = |secret: &str, now: &str| signature(&format!(r#"{{"current": "{secret}"}}"#), now);
        for (now, both) in
            [("2021-02-25T17:59:59Z", true), ("2021-02-25T18:00:00Z", false), ("2021-02-25T18:00:01Z", false)]
        {
            let expected = if both { format!("{} {}", alone(NEW, now), alone(OLD, now)) } else { alone(NEW, now) };
            assert_eq!(signature(&value, now), expected, "{now}");
        }
    }

    #[test]
    fn a_secret_has_24_to_64_bytes() {
        for (bytes, valid) in [(0, false), (23, false), (24, true), (64, true), (65, false)] {
            let value = format!(r#"{{"current": "{}"}}"#, BASE64_STANDARD.encode(vec![7; bytes]));
            assert_eq!(Secrets::parse(&value).is_ok(), valid, "{bytes}");
        }
        let half = format!(r#"{{"current": "{NEW}", "previous": "{OLD}"}}"#);
        for invalid in ["", "{}", "secret", r#"{"current": "?"}"#, r#"{"current": 7}"#, &half] {
            assert!(Secrets::parse(invalid).is_err(), "{invalid}");
        }
    }
}
