//! Reading variables, and collecting what is wrong with them.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use policy::Policy;
use policy::document;
use s3_presigner::{Addressing, Credentials};

use super::Access;

/// Where a layer puts a policy that is too long for an environment variable.
pub const POLICY_FILE: &str = "/opt/policy.json";

/// Everything wrong with an environment; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigFaults(pub Vec<String>);

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment is not usable: {}", self.0.join("; "))
    }
}

/// An environment being read. An empty variable counts as unset.
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    layer: &'a dyn Fn() -> Option<String>,
    faults: Vec<String>,
}

impl<'a> Environment<'a> {
    /// An environment of variables and, beside them, a layer's policy.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>, layer: &'a dyn Fn() -> Option<String>) -> Self {
        Self { lookup, layer, faults: Vec::new() }
    }

    /// `config`, unless there was a fault.
    ///
    /// # Errors
    /// All faults.
    pub fn finish<C>(self, config: Option<C>) -> Result<C, ConfigFaults> {
        config.filter(|_| self.faults.is_empty()).ok_or(ConfigFaults(self.faults))
    }

    /// A variable that may be unset.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// A variable that must be set. Where it is not, the fault is noted and the text is empty.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.faults.push(format!("{name} is not set"));
            String::new()
        })
    }

    /// A whole number in `range`, or `default` where it is unset.
    pub fn number(&mut self, name: &str, default: u16, range: RangeInclusive<u16>) -> Option<u16> {
        let Some(text) = self.optional(name) else { return Some(default) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.faults.push(format!("{name} must be a number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// A duration such as `15m`, or `default` where it is unset.
    pub fn duration(&mut self, name: &str, default: Duration) -> Option<Duration> {
        let Some(text) = self.optional(name) else { return Some(default) };
        let duration = humantime::parse_duration(&text).ok();
        if duration.is_none() {
            self.faults.push(format!("{name} must be a duration such as \"15m\""));
        }
        duration
    }

    /// `true`, `false` or unset.
    pub fn flag(&mut self, name: &str) -> bool {
        match self.optional(name).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.faults.push(format!("{name} must be \"true\" or unset"));
                false
            }
        }
    }

    /// How many index partitions each owner's listing is spread over.
    pub fn owner_shards(&mut self) -> Option<u16> {
        self.number("OWNER_SHARDS", 1, 1..=256)
    }

    /// The function's own credentials, which Lambda puts into its environment.
    pub fn credentials(&mut self) -> Credentials {
        Credentials {
            access_key_id: self.required("AWS_ACCESS_KEY_ID"),
            secret_access_key: self.required("AWS_SECRET_ACCESS_KEY"),
            session_token: self.optional("AWS_SESSION_TOKEN"),
        }
    }

    /// How the bucket is addressed.
    pub fn addressing(&mut self) -> Addressing {
        if let Some(endpoint) = self.optional("AWS_ENDPOINT_URL_S3").or_else(|| self.optional("AWS_ENDPOINT_URL")) {
            return Addressing::Custom { endpoint };
        }
        if self.flag("S3_ACCELERATE") {
            return Addressing::Accelerated;
        }
        if self.flag("AWS_USE_DUALSTACK_ENDPOINT") { Addressing::DualStack } else { Addressing::Regional }
    }

    /// Who may call.
    pub fn access(&mut self) -> Access {
        if self.flag("OPEN_MODE") {
            return Access::Open;
        }
        Access::Claims { owner: self.optional("OWNER_CLAIM").unwrap_or_else(|| "sub".to_owned()) }
    }

    /// The policy: the variable `POLICY`, else the layer's, else the one built in.
    pub fn policy(&mut self) -> Option<Policy> {
        let text = self.optional("POLICY").or_else(self.layer);
        let policy = document::parse(text.as_deref().unwrap_or(document::SHIPPED_POLICY));
        policy.map_err(|faults| self.faults.push(faults.to_string())).ok()
    }
}

/// The text of [`POLICY_FILE`]; `None` where there is no such file.
pub(super) fn policy_of_layer() -> Option<String> {
    match std::fs::read_to_string(POLICY_FILE) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        // An unreadable policy must not be replaced by a laxer one: as text this is a fault of the document.
        Err(error) => Some(format!("{POLICY_FILE}: {error}")),
    }
}
