//! `sluice webhook-secret`: shows and rotates the secret that signs the deliveries to one endpoint.

mod stored;

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use local_stack::aws::json_call;
use local_stack::stack::{Stack, is_local};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::account::{aws, aws_with_input, deployment};
use crate::progress::Progress;
use stored::{Secret, StoredSecret};

/// The time after a rotation until every delivery has both signatures: a function caches a secret for at most 60
/// seconds, and a delivery that it signed before may still be on its way.
pub const SETTLE_TIME: Duration = Duration::from_secs(90);

/// The shortest overlap: the receiver can switch only after [`SETTLE_TIME`].
pub const MIN_OVERLAP: Duration = Duration::from_mins(10);

/// An endpoint's current secret. Its `Debug` hides the secret.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    endpoint: usize,
    secret: Secret,
    /// The end of the rotation, if there is one: until then deliveries are also signed with the previous secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_until: Option<Timestamp>,
}

impl Shown {
    /// The secret as receivers are configured with it, `whsec_` and base64.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.secret.as_str()
    }

    /// When the previous secret stops being used, during a rotation.
    #[must_use]
    pub fn previous_until(&self) -> Option<Timestamp> {
        self.previous_until
    }
}

/// Returns the current secret of an endpoint, counted from 1.
///
/// If a rotation began just now, this waits until every delivery is signed with the new secret too.
///
/// # Errors
/// When the stack or the endpoint is not found, or the secret can't be read.
pub fn show(stack: &str, endpoint: usize, progress: Progress) -> Result<Shown> {
    let read = Vault::find(stack, endpoint)?.read()?;
    let previous_until = read.stored.previous_until(Timestamp::now());
    if previous_until.is_some() {
        let age = Duration::try_from(Timestamp::now().duration_since(read.created)).unwrap_or_default();
        settle(SETTLE_TIME.saturating_sub(age), progress);
    }
    Ok(Shown { endpoint, secret: read.stored.current().clone(), previous_until })
}

/// Replaces the secret of an endpoint by a random one and returns it, once every delivery is signed with both.
///
/// Until `overlap` is over, deliveries are signed with the old secret too. If this is killed, either nothing has
/// changed, or the rotation has begun and [`show`] returns the new secret.
///
/// # Errors
/// When another rotation's overlap is not over, the overlap is too short, or the secret can't be read or written.
pub fn rotate(
    stack: &str,
    endpoint: usize,
    overlap: Duration,
    settle_time: Duration,
    progress: Progress,
) -> Result<Shown> {
    ensure!(overlap >= MIN_OVERLAP, "--overlap is at least {}", humantime::format_duration(MIN_OVERLAP));
    let vault = Vault::find(stack, endpoint)?;
    let before = vault.read()?;
    let new = before.stored.rotated(Secret::random()?, Timestamp::now(), overlap)?;
    vault.write(&new, &before.version)?;
    progress.line("the rotation has begun: deliveries are signed with the old secret and the new one");
    settle(settle_time, progress);
    let stored = vault.read()?.stored;
    ensure!(
        stored.current() == new.current(),
        "another rotation replaced the secret at the same time: `sluice webhook-secret show` prints the one in use"
    );
    let previous_until = stored.previous_until(Timestamp::now());
    Ok(Shown { endpoint, secret: new.current().clone(), previous_until })
}

fn settle(time: Duration, progress: Progress) {
    if time.is_zero() {
        return;
    }
    let seconds = time.as_secs().max(1);
    progress.line(&format!("waiting {seconds} s, until no function signs with the old secret alone"));
    sleep(time);
}

/// One version of a secret.
struct Read {
    stored: StoredSecret,
    version: String,
    created: Timestamp,
}

/// An endpoint's secret in Secrets Manager.
enum Vault {
    Local { endpoint: String, arn: String },
    Aws { region: String, arn: String },
}

impl Vault {
    fn find(stack: &str, endpoint: usize) -> Result<Self> {
        let select = |secrets: Vec<String>| {
            let count = secrets.len();
            let secret = endpoint.checked_sub(1).and_then(|index| secrets.into_iter().nth(index));
            secret.with_context(|| match count {
                0 => format!("{stack} has no webhooks: deploy it with the parameter WebhookUrl1"),
                1 => format!("{stack} has one webhook endpoint, and no endpoint {endpoint}"),
                _ => format!("{stack} has {count} webhook endpoints, and no endpoint {endpoint}"),
            })
        };
        if is_local(stack) {
            let stack = Stack::read()?;
            return Ok(Self::Local { arn: select(stack.webhook_secrets)?, endpoint: stack.endpoint });
        }
        let found = deployment(stack)?;
        Ok(Self::Aws { arn: select(found.webhook_secrets)?, region: found.region })
    }

    fn read(&self) -> Result<Read> {
        let answer = match self {
            Self::Local { endpoint, arn } => {
                json_call(endpoint, "secretsmanager", "secretsmanager.GetSecretValue", &json!({ "SecretId": arn }))?
            }
            Self::Aws { region, arn } => {
                aws(&["secretsmanager", "get-secret-value", "--region", region, "--secret-id", arn])?
            }
        };
        let text = answer["SecretString"].as_str().context("Secrets Manager returned no text for the secret")?;
        Ok(Read {
            stored: StoredSecret::parse(text)?,
            version: answer["VersionId"].as_str().unwrap_or_default().to_owned(),
            created: time(&answer["CreatedDate"]).context("Secrets Manager returned no date of the secret")?,
        })
    }

    /// Writes a value that was made from the version `before`.
    ///
    /// The token follows from that version, and Secrets Manager refuses another value with a token that it knows. So
    /// of two rotations at once only one is written.
    fn write(&self, value: &StoredSecret, before: &str) -> Result<()> {
        let token = hex::encode(Sha256::digest(before));
        let value = value.to_json()?;
        match self {
            Self::Local { endpoint, arn } => {
                let request = json!({ "SecretId": arn, "ClientRequestToken": token, "SecretString": value });
                json_call(endpoint, "secretsmanager", "secretsmanager.PutSecretValue", &request).map(drop)
            }
            Self::Aws { region, arn } => {
                let mut call = vec!["secretsmanager", "put-secret-value", "--region", region, "--secret-id", arn];
                // By standard input: every user of this machine can see a program's arguments.
                call.extend(["--client-request-token", &token, "--secret-string", "file:///dev/stdin"]);
                match aws_with_input(&call, &value) {
                    Err(error) if error.to_string().contains("ResourceExistsException") => bail!(
                        "another rotation began at the same time: `sluice webhook-secret show` prints the new secret"
                    ),
                    other => other.map(drop),
                }
            }
        }
    }
}

/// A time as the service (seconds) or the AWS CLI (text) writes it.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough")]
        Value::Number(seconds) => Timestamp::from_second(seconds.as_f64()? as i64).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_number_or_a_text() {
        let expected = Some("2026-11-28T10:00:00Z".parse().unwrap());
        for value in
            [json!(1_795_860_000), json!("2026-11-28T11:00:00+01:00"), json!("2026-11-28T10:00:00.000000+00:00")]
        {
            assert_eq!(time(&value), expected, "{value}");
        }
        assert_eq!(time(&Value::Null), None);
    }
}
