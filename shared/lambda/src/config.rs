//! The configuration of each function, from environment variables. A function reads it once at start.
//!
//! Each function has its own [`Config`] and requires only the variables that it uses.

mod access;
mod environment;

use std::time::Duration;

use policy::Policy;
use s3_presigner::{BucketEndpoint, Signers};

pub use access::Access;
pub use environment::{ConfigErrors, Environment, POLICY_FILE};

/// The configuration of a function.
pub trait Config: Sized {
    /// Reads every variable that the function uses, and adds each error to `environment`. `None` after an error.
    fn read(environment: &mut Environment<'_>) -> Option<Self>;

    /// Reads the environment of the process, and the policy of a Lambda layer if one exists.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every error.
    fn from_env() -> Result<Self, ConfigErrors> {
        Self::from_lookup(&|name| std::env::var(name).ok(), &environment::policy_of_layer)
    }

    /// Reads the variables that `lookup` returns, and the text of the policy that `layer` returns.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every error.
    fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
        layer: &dyn Fn() -> Option<String>,
    ) -> Result<Self, ConfigErrors> {
        let mut environment = Environment::new(lookup, layer);
        let config = Self::read(&mut environment);
        environment.finish(config)
    }
}

/// The configuration of the functions that answer HTTP requests.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// The bucket's name (`BUCKET`).
    pub bucket: String,
    /// The bucket's address in presigned URLs.
    pub endpoint: BucketEndpoint,
    /// Whether the SDK must use path-style addresses.
    pub path_style: bool,
    /// The table's name (`TABLE`).
    pub table: String,
    /// Signs with the temporary credentials of the function.
    pub signers: Signers,
    /// Who may call.
    pub access: Access,
    /// The upload policy.
    pub policy: Policy,
}

impl Config for ApiConfig {
    fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let (bucket, table, region) =
            (environment.required("BUCKET"), environment.required("TABLE"), environment.required("AWS_REGION"));
        let credentials = environment.credentials();
        let (addressing, access, policy) = (environment.addressing(), environment.access(), environment.policy());
        Some(Self {
            endpoint: match environment.optional("URL_SUFFIX") {
                Some(domain) => BucketEndpoint::in_domain(&bucket, &region, &domain, &addressing),
                None => BucketEndpoint::new(&bucket, &region, &addressing),
            },
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
    /// The configuration of every HTTP function.
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
    /// The configuration of every HTTP function.
    pub api: ApiConfig,
    /// The number of index partitions for each owner's uploads (`OWNER_SHARDS`, 1 to 256, default 1).
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
    /// Whether the SDK must use path-style addresses.
    pub path_style: bool,
    /// The table's name (`TABLE`).
    pub table: String,
    /// The same as [`UploadsConfig::owner_shards`].
    pub owner_shards: u16,
    /// The upload policy.
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
    /// Bucket, table and policy, as the validator has them.
    pub storage: ValidateConfig,
    /// The validator's queue (`QUEUE_URL`). The reconciler sends objects to it whose event was lost.
    pub queue_url: String,
    /// The queue of stream records that were not forwarded (`LOST_ANNOUNCEMENTS_URL`), if there is a forwarder.
    pub lost_announcements_url: Option<String>,
    /// How many days of uploads the reconciler searches for objects without a verdict (`RECONCILE_DAYS`, 1 to 30, default
    /// 2). The life of the policy's URLs sets a minimum.
    pub days: u16,
    /// How long a verdict may take before the reconciler sends the object to the validator again (`RECONCILE_GRACE`,
    /// default 15 minutes).
    pub grace: Duration,
    /// The age at which the reconciler aborts a multipart upload without a session (`RECONCILE_ORPHAN_AGE`, default 24
    /// hours). The session of a new multipart upload may not be written yet.
    pub orphan_age: Duration,
}

/// The largest number of days to search. The checkpoint is one item of the table, with up to 16 entries of about 30
/// bytes per day. An item holds at most 400 KB
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
        let lost_announcements_url = environment.optional("LOST_ANNOUNCEMENTS_URL");
        Some(Self { storage, queue_url, lost_announcements_url, days, grace, orphan_age })
    }
}

/// How long an upload may take that began shortly before its URL expired.
pub const MAX_UPLOAD_DURATION: Duration = Duration::from_hours(2);

/// The smallest number of days that covers every object whose verdict is overdue. A client may begin its upload until
/// the URL expires, and the grace begins after the upload.
fn min_days(policy: &Policy, grace: Duration) -> u16 {
    let full_days = policy
        .longest_url_life()
        .saturating_add(grace)
        .saturating_add(MAX_UPLOAD_DURATION)
        .as_secs()
        .div_ceil(24 * 3600);
    u16::try_from(full_days.saturating_add(1)).unwrap_or(u16::MAX).min(MAX_DAYS)
}

/// The configuration of `forward`.
#[derive(Debug, Clone)]
pub struct ForwardConfig {
    /// The bucket's name (`BUCKET`).
    pub bucket: String,
    /// The partition of the bucket's ARN (`PARTITION`); by default that of the region.
    pub partition: String,
    /// The event bus (`EVENT_BUS`). `None` if there are only webhooks; `default` if nothing is set.
    pub event_bus: Option<String>,
    /// The queue of each webhook endpoint (`WEBHOOK_QUEUES`, with commas between them); by default none.
    pub webhook_queues: Vec<String>,
}

impl Config for ForwardConfig {
    fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let (bucket, region) = (environment.required("BUCKET"), environment.required("AWS_REGION"));
        let partition = environment.optional("PARTITION").unwrap_or_else(|| partition_of(&region).to_owned());
        let webhook_queues = environment.list("WEBHOOK_QUEUES");
        let usual = webhook_queues.is_empty().then(|| "default".to_owned());
        let event_bus = environment.optional("EVENT_BUS").or(usual);
        Some(Self { bucket, partition, event_bus, webhook_queues })
    }
}

/// The partition of a region's ARNs, as botocore has it in `partitions.json` (read 2026-11).
fn partition_of(region: &str) -> &'static str {
    const PARTITIONS: &[(&str, &str)] = &[
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("eusc-", "aws-eusc"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
    ];
    PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests;
