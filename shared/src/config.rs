//! The environment of a function, read once and wholly: every fault is reported, not the first.

use std::fmt;
use std::time::Duration;

use crate::policy::Policy;
use crate::policy::document::{self, Faults};
use crate::signing::{Addressing, Credentials, Place, Signers};

/// The policy that ships with the code.
pub const SHIPPED_POLICY: &str = include_str!("../../policy.json");

/// Where a layer puts a policy too long for an environment variable.
pub const POLICY_FILE: &str = "/opt/policy.json";

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Anybody, as one shared owner; asked for by name.
    Open,
    /// Those whom the authorizer knows.
    Claims {
        /// The claim that names the owner.
        owner: String,
    },
}

/// How long the reconciler waits before it looks after something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconciling {
    /// How many days of uploads it looks through for objects without a verdict, today among them: never fewer than the
    /// URLs of the policy live, however few were asked for.
    pub days: u16,
    /// How long a verdict may take before it wonders.
    pub grace: Duration,
    /// How old an upload in parts of no session must be. A younger one may belong to a session that is about to say so.
    pub orphan_age: Duration,
}

/// Everything a function is told from outside.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bucket's name.
    pub bucket: String,
    /// The region that everything lies in.
    pub region: String,
    /// The bucket's address as clients see it.
    pub place: Place,
    /// Whether the SDK must address it by path.
    pub path_style: bool,
    /// The table's name.
    pub table: String,
    /// The queue of S3's events, where a function sends to it.
    pub queue: String,
    /// The queue of completions that take long, where a function hands them over.
    pub completions: String,
    /// How many partitions each owner's listing is spread over.
    pub owner_shards: u16,
    /// What the reconciler waits for.
    pub reconcile: Reconciling,
    /// Signs with the function's own temporary credentials.
    pub signers: Signers,
    /// Who may call.
    pub access: Access,
    /// What may be uploaded.
    pub policy: Policy,
    /// The bus that verdicts are announced on, where a function announces any.
    pub event_bus: String,
}

/// Everything wrong with an environment; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigFaults(pub Vec<String>);

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment is not usable: {}", self.0.join("; "))
    }
}

impl Config {
    /// Reads the process's environment and the layer's policy, if there is one.
    ///
    /// # Errors
    /// All [`ConfigFaults`].
    pub fn from_env() -> Result<Self, ConfigFaults> {
        Self::from_lookup(
            |name| std::env::var(name).ok(),
            || match std::fs::read_to_string(POLICY_FILE) {
                Ok(text) => Some(text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                // A policy that is there and can't be read must not be replaced silently by a laxer one.
                Err(error) => Some(format!("{POLICY_FILE}: {error}")),
            },
        )
    }

    /// Reads any environment.
    ///
    /// # Errors
    /// All [`ConfigFaults`].
    pub fn from_lookup(
        lookup: impl Fn(&str) -> Option<String>,
        layer: impl FnOnce() -> Option<String>,
    ) -> Result<Self, ConfigFaults> {
        let mut faults = Vec::new();
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let mut need = |name: &str| {
            get(name).unwrap_or_else(|| {
                faults.push(format!("{name} is not set"));
                String::new()
            })
        };
        let (bucket, table, region) = (need("BUCKET"), need("TABLE"), need("AWS_REGION"));
        let credentials = Credentials {
            access_key_id: need("AWS_ACCESS_KEY_ID"),
            secret_access_key: need("AWS_SECRET_ACCESS_KEY"),
            session_token: get("AWS_SESSION_TOKEN"),
        };
        let flag = |name: &str, faults: &mut Vec<String>| match get(name).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                faults.push(format!("{name} must be \"true\" or unset"));
                false
            }
        };
        let open = flag("OPEN_MODE", &mut faults);
        let addressing = match get("AWS_ENDPOINT_URL_S3").or_else(|| get("AWS_ENDPOINT_URL")) {
            Some(endpoint) => Addressing::Custom { endpoint },
            None if flag("S3_ACCELERATE", &mut faults) => Addressing::Accelerated,
            None if flag("AWS_USE_DUALSTACK_ENDPOINT", &mut faults) => Addressing::DualStack,
            None => Addressing::Regional,
        };
        let owner_shards =
            get("OWNER_SHARDS").map_or(Some(1), |text| text.parse().ok().filter(|n| (1..=256).contains(n)));
        if owner_shards.is_none() {
            faults.push("OWNER_SHARDS must be a number from 1 to 256".to_owned());
        }
        let reconcile = read_reconciling(get, &mut faults);
        let policy = read_policy(get("POLICY"), layer).map_err(|e| faults.push(e.to_string()));
        let (Ok(policy), Some(owner_shards), Some(reconcile), true) =
            (policy, owner_shards, reconcile, faults.is_empty())
        else {
            return Err(ConfigFaults(faults));
        };
        Ok(Self {
            place: Place::new(&bucket, &region, &addressing),
            path_style: matches!(addressing, Addressing::Custom { .. }),
            access: if open {
                Access::Open
            } else {
                Access::Claims { owner: get("OWNER_CLAIM").unwrap_or_else(|| "sub".to_owned()) }
            },
            bucket,
            table,
            queue: get("QUEUE_URL").unwrap_or_default(),
            reconcile: Reconciling { days: reconcile.days.max(fewest_days(&policy, reconcile.grace)), ..reconcile },
            completions: get("COMPLETIONS_URL").unwrap_or_default(),
            owner_shards,
            signers: Signers::new(credentials, region.clone()),
            region,
            policy,
            event_bus: get("EVENT_BUS").unwrap_or_else(|| "default".to_owned()),
        })
    }
}

/// A walk that was interrupted is one item of the table, with up to 256 pieces of some 35 bytes for each day: with more
/// days it would come too near to the 400 KB at which an item ends.
const MOST_DAYS: u16 = 30;

fn read_reconciling(get: impl Fn(&str) -> Option<String>, faults: &mut Vec<String>) -> Option<Reconciling> {
    let days = get("RECONCILE_DAYS").map_or(Some(2), |text| text.parse().ok().filter(|n| (1..=MOST_DAYS).contains(n)));
    if days.is_none() {
        faults.push(format!("RECONCILE_DAYS must be a number from 1 to {MOST_DAYS}"));
    }
    let mut wait = |name: &str, usual: Duration| {
        let wait = get(name).map_or(Some(usual), |text| humantime::parse_duration(&text).ok());
        if wait.is_none() {
            faults.push(format!("{name} must be a duration such as \"15m\""));
        }
        wait
    };
    let grace = wait("RECONCILE_GRACE", Duration::from_mins(15));
    let orphan_age = wait("RECONCILE_ORPHAN_AGE", Duration::from_hours(24));
    Some(Reconciling { days: days?, grace: grace?, orphan_age: orphan_age? })
}

/// What a client may need to end what it began while the URL lived, and the reconciler to come round.
const ROOM: Duration = Duration::from_hours(2);

/// The days on which an object may have been granted that has just become overdue: a client may come with it as late as
/// the URL allows, and then there is the grace.
fn fewest_days(policy: &Policy, grace: Duration) -> u16 {
    let longest = policy.classes.values().map(|class| class.url_life).max().unwrap_or_default();
    let before = longest.saturating_add(grace).saturating_add(ROOM).as_secs().div_ceil(24 * 3600);
    u16::try_from(before.saturating_add(1)).unwrap_or(u16::MAX).min(MOST_DAYS)
}

/// The environment's word over the layer's over the one that ships.
fn read_policy(variable: Option<String>, layer: impl FnOnce() -> Option<String>) -> Result<Policy, Faults> {
    match variable.or_else(layer) {
        Some(text) => document::parse(&text),
        None => document::parse(SHIPPED_POLICY),
    }
}

#[cfg(test)]
mod tests;
