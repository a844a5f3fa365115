//! The environment of a function, read once at start. Every fault is reported, not only the first.
//!
//! Each function has its own [`Config`], and needs only the variables that it uses.

mod environment;

use std::time::Duration;

use policy::Policy;
use s3_presigner::{BucketEndpoint, Signers};

pub use environment::{ConfigFaults, Environment, POLICY_FILE};

/// What a function reads from its environment.
pub trait Config: Sized {
    /// Reads every variable that the function uses and notes each fault in `environment`.
    /// `None` where a value is missing.
    fn read(environment: &mut Environment<'_>) -> Option<Self>;

    /// Reads the process's environment, and the policy of a Lambda layer if there is one.
    ///
    /// # Errors
    /// All [`ConfigFaults`].
    fn from_env() -> Result<Self, ConfigFaults> {
        Self::from_lookup(&|name| std::env::var(name).ok(), &environment::policy_of_layer)
    }

    /// Reads any environment.
    ///
    /// # Errors
    /// All [`ConfigFaults`].
    fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
        layer: &dyn Fn() -> Option<String>,
    ) -> Result<Self, ConfigFaults> {
        let mut environment = Environment::new(lookup, layer);
        let config = Self::read(&mut environment);
        environment.finish(config)
    }
}

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Anyone, as one shared owner (`OPEN_MODE=true`).
    Open,
    /// Callers that the authorizer has authenticated.
    Claims {
        /// The claim that identifies the owner (`OWNER_CLAIM`, default `sub`).
        owner: String,
    },
}

/// The configuration of the functions that answer HTTP requests.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// The bucket's name (`BUCKET`).
    pub bucket: String,
    /// The bucket's address as clients see it.
    pub endpoint: BucketEndpoint,
    /// Whether the SDK must address the bucket by path.
    pub path_style: bool,
    /// The table's name (`TABLE`).
    pub table: String,
    /// Signs with the function's own temporary credentials.
    pub signers: Signers,
    /// Who may call.
    pub access: Access,
    /// What may be uploaded.
    pub policy: Policy,
}

impl Config for ApiConfig {
    fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let (bucket, table, region) =
            (environment.required("BUCKET"), environment.required("TABLE"), environment.required("AWS_REGION"));
        let credentials = environment.credentials();
        let (addressing, access, policy) = (environment.addressing(), environment.access(), environment.policy());
        Some(Self {
            endpoint: BucketEndpoint::new(&bucket, &region, &addressing),
            path_style: addressing.is_path_style(),
            bucket,
            table,
            signers: Signers::new(credentials, region),
            access,
            policy: policy?,
        })
    }
}

/// The configuration of `multipart-complete`.
#[derive(Debug, Clone)]
pub struct CompleteConfig {
    /// What every HTTP function has.
    pub api: ApiConfig,
    /// The queue for completions that take longer than a request (`COMPLETIONS_URL`).
    pub completions_url: String,
}

impl Config for CompleteConfig {
    fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let completions_url = environment.required("COMPLETIONS_URL");
        Some(Self { api: ApiConfig::read(environment)?, completions_url })
    }
}

/// The configuration of `uploads`.
#[derive(Debug, Clone)]
pub struct UploadsConfig {
    /// What every HTTP function has.
    pub api: ApiConfig,
    /// How many index partitions each owner's listing is spread over (`OWNER_SHARDS`, 1 to 256, default 1).
    pub owner_shards: u16,
}

impl Config for UploadsConfig {
    fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let owner_shards = environment.owner_shards();
        Some(Self { api: ApiConfig::read(environment)?, owner_shards: owner_shards? })
    }
}

/// The configuration of `validate`.
#[derive(Debug, Clone)]
pub struct ValidateConfig {
    /// The bucket's name (`BUCKET`).
    pub bucket: String,
    /// Whether the SDK must address the bucket by path.
    pub path_style: bool,
    /// The table's name (`TABLE`).
    pub table: String,
    /// As in [`UploadsConfig`].
    pub owner_shards: u16,
    /// What may be uploaded.
    pub policy: Policy,
}

impl Config for ValidateConfig {
    fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let (bucket, table) = (environment.required("BUCKET"), environment.required("TABLE"));
        let path_style = environment.addressing().is_path_style();
        let (owner_shards, policy) = (environment.owner_shards(), environment.policy());
        Some(Self { bucket, path_style, table, owner_shards: owner_shards?, policy: policy? })
    }
}

/// The configuration of `reconcile`.
#[derive(Debug, Clone)]
pub struct ReconcileConfig {
    /// What the validator has, for the same bucket, table and policy.
    pub storage: ValidateConfig,
    /// The queue of S3's events (`QUEUE_URL`), to have an object validated whose event was lost.
    pub queue_url: String,
    /// How many days of uploads are searched for objects without a verdict (`RECONCILE_DAYS`, 1 to 30, default 2).
    /// At least as many as the policy's URLs live, however few were configured.
    pub days: u16,
    /// How long a verdict may take before its object counts as lost (`RECONCILE_GRACE`, default 15 minutes).
    pub grace: Duration,
    /// How old a multipart upload without a session must be to be aborted (`RECONCILE_ORPHAN_AGE`, default 24 hours).
    /// A younger one may belong to a session that is just being written.
    pub orphan_age: Duration,
}

/// The checkpoint is one item of the table, with up to 256 pieces of about 35 bytes for each day. More days would bring
/// it near the 400 KB limit of an item
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>, read 2026-11).
const MAX_DAYS: u16 = 30;

impl Config for ReconcileConfig {
    fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let queue_url = environment.required("QUEUE_URL");
        let days = environment.number("RECONCILE_DAYS", 2, 1..=MAX_DAYS);
        let grace = environment.duration("RECONCILE_GRACE", Duration::from_mins(15));
        let orphan_age = environment.duration("RECONCILE_ORPHAN_AGE", Duration::from_hours(24));
        let storage = ValidateConfig::read(environment)?;
        let (grace, orphan_age) = (grace?, orphan_age?);
        let days = days?.max(min_days(&storage.policy, grace));
        Some(Self { storage, queue_url, days, grace, orphan_age })
    }
}

/// How long after a URL's expiry an upload that began in time may still arrive.
const CLIENT_SLACK: Duration = Duration::from_hours(2);

/// The days on which an object may have been granted that has just become overdue. A client may start as late as the
/// URL allows, and the grace begins after that.
fn min_days(policy: &Policy, grace: Duration) -> u16 {
    let max_life = policy.classes.values().map(|class| class.url_life).max().unwrap_or_default();
    let before = max_life.saturating_add(grace).saturating_add(CLIENT_SLACK).as_secs().div_ceil(24 * 3600);
    u16::try_from(before.saturating_add(1)).unwrap_or(u16::MAX).min(MAX_DAYS)
}

/// The configuration of `forward`.
#[derive(Debug, Clone)]
pub struct ForwardConfig {
    /// The bucket's name (`BUCKET`).
    pub bucket: String,
    /// The bucket's region (`AWS_REGION`).
    pub region: String,
    /// The event bus (`EVENT_BUS`, default `default`).
    pub event_bus: String,
}

impl Config for ForwardConfig {
    fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let (bucket, region) = (environment.required("BUCKET"), environment.required("AWS_REGION"));
        Some(Self { bucket, region, event_bus: environment.optional("EVENT_BUS").unwrap_or("default".to_owned()) })
    }
}

#[cfg(test)]
mod tests;
