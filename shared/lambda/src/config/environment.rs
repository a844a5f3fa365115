//! Environment variables, and the errors in them.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use policy::Policy;
use policy::document;
use s3_presigner::{Addressing, Credentials};

use super::access::Access;

/// The file of a Lambda layer with a policy that is too long for an environment variable. Variables have 4 KB in total
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>, read 2026-11).
pub const POLICY_FILE: &str = "/opt/policy.json";

/// Every error in an environment; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(pub Vec<String>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment is invalid: {}", self.0.join("; "))
    }
}

/// An environment and the errors found in it. An empty variable counts as unset.
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    layer: &'a dyn Fn() -> Option<String>,
    errors: Vec<String>,
}

impl<'a> Environment<'a> {
    /// An environment with the variables of `lookup` and the policy of `layer`.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>, layer: &'a dyn Fn() -> Option<String>) -> Self {
        Self { lookup, layer, errors: Vec::new() }
    }

    /// `config`, if no error was found.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every error.
    pub fn finish<C>(self, config: Option<C>) -> Result<C, ConfigErrors> {
        config.filter(|_| self.errors.is_empty()).ok_or(ConfigErrors(self.errors))
    }

    /// A variable that may be unset.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// A variable that must be set. Otherwise it is an error, and the returned text is empty.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.errors.push(format!("{name} is not set"));
            String::new()
        })
    }

    /// The values of a variable with commas between them; none if it is unset.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        let text = self.optional(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// Adds an error about a variable whose value this crate can't check.
    pub fn error(&mut self, error: String) {
        self.errors.push(error);
    }

    /// A whole number in `range`; `default` if unset. `None` after an error.
    pub fn number(&mut self, name: &str, default: u16, range: RangeInclusive<u16>) -> Option<u16> {
        let Some(text) = self.optional(name) else { return Some(default) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.errors.push(format!("{name} must be a number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// A duration such as `15m`; `default` if unset. `None` after an error.
    pub fn duration(&mut self, name: &str, default: Duration) -> Option<Duration> {
        let Some(text) = self.optional(name) else { return Some(default) };
        let duration = humantime::parse_duration(&text).ok();
        if duration.is_none() {
            self.errors.push(format!("{name} must be a duration such as \"15m\""));
        }
        duration
    }

    /// `true`, `false` or unset, which means `false`.
    pub fn flag(&mut self, name: &str) -> bool {
        match self.optional(name).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.errors.push(format!("{name} must be \"true\", \"false\" or unset"));
                false
            }
        }
    }

    /// `OWNER_SHARDS`, 1 to 256, default 1.
    pub fn owner_shards(&mut self) -> Option<u16> {
        self.number("OWNER_SHARDS", 1, 1..=256)
    }

    /// The function's temporary credentials, which Lambda sets as variables
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
    pub fn credentials(&mut self) -> Credentials {
        Credentials {
            access_key_id: self.required("AWS_ACCESS_KEY_ID"),
            secret_access_key: self.required("AWS_SECRET_ACCESS_KEY"),
            session_token: self.optional("AWS_SESSION_TOKEN"),
        }
    }

    /// How to address the bucket: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `S3_ACCELERATE` or
    /// `DUAL_STACK_URLS`; by default the regional endpoint.
    ///
    /// `DUAL_STACK_URLS` is not `AWS_USE_DUALSTACK_ENDPOINT`, because that one also moves every call of the AWS SDK.
    pub fn addressing(&mut self) -> Addressing {
        if let Some(endpoint) = self.optional("AWS_ENDPOINT_URL_S3").or_else(|| self.optional("AWS_ENDPOINT_URL")) {
            return Addressing::Custom { endpoint };
        }
        if self.flag("S3_ACCELERATE") {
            return Addressing::Accelerated;
        }
        if self.flag("DUAL_STACK_URLS") { Addressing::DualStack } else { Addressing::Regional }
    }

    /// `OPEN_MODE` and `OWNER_CLAIM`.
    pub fn access(&mut self) -> Access {
        if self.flag("OPEN_MODE") {
            return Access::Open;
        }
        Access::Claims { owner: self.optional("OWNER_CLAIM").unwrap_or_else(|| "sub".to_owned()) }
    }

    /// The policy in the variable `POLICY`, otherwise that of the layer, otherwise the shipped one. `None` after an error.
    pub fn policy(&mut self) -> Option<Policy> {
        let text = self.optional("POLICY").or_else(self.layer);
        let policy = document::parse(text.as_deref().unwrap_or(document::SHIPPED_POLICY));
        policy.map_err(|errors| self.errors.push(errors.to_string())).ok()
    }
}

/// The text of [`POLICY_FILE`]; `None` if the file does not exist.
pub(super) fn policy_of_layer() -> Option<String> {
    match std::fs::read_to_string(POLICY_FILE) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        // A less strict policy must not replace an unreadable one. This text is not JSON, so it is reported as an error.
        Err(error) => Some(format!("{POLICY_FILE}: {error}")),
    }
}
