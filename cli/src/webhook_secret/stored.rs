//! A secret, and its value in Secrets Manager before and after a rotation.

use std::fmt::{self, Debug, Formatter};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

const PREFIX: &str = "whsec_";

/// Bytes of a new secret.
const NEW_SECRET_LENGTH: usize = 32;

/// A signing key as receivers are configured with it: `whsec_` and the base64 of 24 to 64 bytes.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(super) struct Secret(String);

impl Secret {
    /// Reads a key with or without the prefix.
    fn parse(text: &str) -> Result<Self> {
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        // The cause could quote a part of the key.
        let bytes = BASE64_STANDARD.decode(encoded).ok().context("the stored secret is not base64")?;
        ensure!((24..=64).contains(&bytes.len()), "the stored secret has {} bytes instead of 24 to 64", bytes.len());
        Ok(Self(format!("{PREFIX}{encoded}")))
    }

    pub(super) fn random() -> Result<Self> {
        let mut bytes = [0; NEW_SECRET_LENGTH];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("this machine has no random bytes: {error}"))?;
        Ok(Self(format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes))))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Debug for Secret {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The JSON in Secrets Manager.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    current: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_until: Option<Timestamp>,
}

/// The keys of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredSecret {
    current: Secret,
    /// The key before the last rotation, and the end of its overlap.
    previous: Option<(Secret, Timestamp)>,
}

impl StoredSecret {
    pub(super) fn parse(text: &str) -> Result<Self> {
        // The cause could quote a part of the text.
        let document: Document =
            serde_json::from_str(text).ok().context("the stored secret is not JSON of the expected form")?;
        let previous = match (document.previous, document.previous_until) {
            (Some(previous), Some(until)) => Some((Secret::parse(&previous)?, until)),
            _ => None,
        };
        Ok(Self { current: Secret::parse(&document.current)?, previous })
    }

    pub(super) fn to_json(&self) -> Result<String> {
        let previous = self.previous.as_ref();
        let document = Document {
            current: self.current.0.clone(),
            previous: previous.map(|(secret, _)| secret.0.clone()),
            previous_until: previous.map(|(_, until)| *until),
        };
        Ok(serde_json::to_string(&document)?)
    }

    pub(super) fn current(&self) -> &Secret {
        &self.current
    }

    /// The end of the overlap, while it lasts.
    pub(super) fn previous_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.previous.as_ref().map(|(_, until)| *until).filter(|until| *until > now)
    }

    /// The keys after a rotation to `new`.
    ///
    /// A rotation within the overlap of another one would drop the oldest key, which a receiver may still use.
    pub(super) fn rotated(&self, new: Secret, now: Timestamp, overlap: Duration) -> Result<Self> {
        if let Some(until) = self.previous_until(now) {
            bail!(
                "a rotation has begun already, and a receiver may still use the older secret: the next rotation can \
                 begin at {until}. `sluice webhook-secret show` prints the new secret"
            );
        }
        let until = SignedDuration::try_from(overlap).ok().and_then(|overlap| now.checked_add(overlap).ok());
        let until = until.and_then(|until| Timestamp::from_second(until.as_second()).ok());
        Ok(Self { current: new, previous: Some((self.current.clone(), until.context("--overlap is too long")?)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 48 letters and digits, as `CloudFormation` generates the first secret.
    const GENERATED: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV";
    const DAY: Duration = Duration::from_hours(24);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn first() -> StoredSecret {
        StoredSecret::parse(&format!(r#"{{"current":"{GENERATED}"}}"#)).unwrap()
    }

    #[test]
    fn a_generated_secret_is_shown_with_the_prefix() {
        assert_eq!(first().current().as_str(), format!("whsec_{GENERATED}"));
        assert_eq!(first().previous_until(Timestamp::now()), None);
    }

    #[test]
    fn a_rotation_keeps_the_old_secret_until_the_overlap_is_over() {
        let new = Secret::random().unwrap();
        let rotated = first().rotated(new.clone(), at("2026-11-28T10:00:00.75Z"), DAY).unwrap();
        let expected = format!(
            r#"{{"current":"{}","previous":"whsec_{GENERATED}","previousUntil":"2026-11-29T10:00:00Z"}}"#,
            new.as_str()
        );
        assert_eq!(rotated.to_json().unwrap(), expected);
        assert_eq!(StoredSecret::parse(&expected).unwrap(), rotated);
        assert_eq!(rotated.previous_until(at("2026-11-29T09:59:59Z")), Some(at("2026-11-29T10:00:00Z")));
        assert_eq!(rotated.previous_until(at("2026-11-29T10:00:00Z")), None);
    }

    #[test]
    fn a_second_rotation_waits_for_the_end_of_the_overlap() {
        let rotated = first().rotated(Secret::random().unwrap(), at("2026-11-28T10:00:00Z"), DAY).unwrap();
        let again = |now: &str| rotated.rotated(Secret::random().unwrap(), at(now), DAY);
        let refusal = again("2026-11-29T09:59:59Z").unwrap_err().to_string();
        assert!(refusal.contains("can begin at 2026-11-29T10:00:00Z"), "{refusal}");
        let later = again("2026-11-29T10:00:00Z").unwrap();
        assert_eq!(later.previous.unwrap().0, rotated.current);
    }

    #[test]
    fn new_secrets_differ_and_have_32_bytes() {
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(BASE64_STANDARD.decode(&one.as_str()[PREFIX.len()..]).unwrap().len(), 32);
        assert_eq!(Secret::parse(one.as_str()).unwrap(), one);
    }

    #[test]
    fn an_unusable_secret_is_refused_and_no_message_quotes_it() {
        let long = BASE64_STANDARD.encode([7; 65]);
        for (text, reason) in [
            ("topsecret".to_owned(), "not JSON"),
            (r#"{"current":7,"x":"topsecret"}"#.to_owned(), "not JSON"),
            (r#"{"current":"topsecret!"}"#.to_owned(), "not base64"),
            (r#"{"current":"dG9wc2VjcmV0"}"#.to_owned(), "has 9 bytes"),
            (format!(r#"{{"current":"{long}"}}"#), "has 65 bytes"),
        ] {
            let message = format!("{:#}", StoredSecret::parse(&text).unwrap_err());
            assert!(
                message.contains(reason) && !message.contains("topsecret") && !message.contains("dG9w"),
                "{message}"
            );
        }
        assert_eq!(format!("{:?}", first().current()), "Secret");
    }
}
