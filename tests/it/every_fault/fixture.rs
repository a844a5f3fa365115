//! What the scenes stand on: a bucket, a table and a queue of their own on the emulator, and functions whose every
//! request goes [`Between`] them and it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use aws_config::timeout::TimeoutConfig;
use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Response};
use lambda_http_kit::config::Config;
use policy::key::{ObjectKey, UploadId};
use serde_json::{Value, json};
use testkit::http::Answer;
use testkit::{config, owner};
use uploads_core::env::Env;

use super::between::Between;
use crate::ports::{self, QuietBucket};
use crate::world::{quiet_queue, quiet_table};

/// As the functions have it, near enough: a machine that is busy is slow, and whoever says nothing is waited for.
const TRY: Duration = Duration::from_secs(3);
const MAX_ATTEMPTS: Duration = Duration::from_secs(10);

/// A place of its own.
pub(super) struct Fixture {
    pub(super) stock: QuietBucket,
    pub(super) table: String,
    pub(super) queue: String,
}

impl Fixture {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("fixture-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let (stock, table) = (QuietBucket::new(&name), quiet_table(&name));
        Self { stock, table, queue: quiet_queue(&format!("{name}-{}", std::process::id())) }
    }

    /// The table as nobody's trouble touches it.
    pub(super) fn records(&self) -> DynamoRecords {
        DynamoRecords::new(Clients::of(ports::config(), true), &self.table)
    }

    /// The bucket as nobody's trouble touches it.
    pub(super) fn objects(&self) -> S3Objects {
        S3Objects::new(Clients::of(ports::config(), true), &self.stock.name)
    }

    pub(super) fn config<C: Config>(&self, extra: &[(&str, &str)]) -> C {
        let place = [
            ("BUCKET", self.stock.name.as_str()),
            ("TABLE", &self.table),
            ("RECONCILE_GRACE", "0s"),
            ("RECONCILE_ORPHAN_AGE", "0s"),
        ];
        config(&[extra, &place].concat())
    }
}

/// One invocation's way to AWS, and its clock.
pub(super) struct Way<'a> {
    pub(super) between: &'a Between,
    /// Whether it comes ten minutes after the first one: every lease has run out.
    pub(super) later: bool,
}

impl Way<'_> {
    pub(super) fn clients(&self) -> Clients {
        let patience = TimeoutConfig::builder().operation_attempt_timeout(TRY).operation_timeout(MAX_ATTEMPTS).build();
        let retries = aws_config::retry::RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        let config = ports::config().into_builder().endpoint_url(&self.between.endpoint);
        Clients::of(config.timeout_config(patience).retry_config(retries).build(), true)
    }

    pub(super) fn records(&self, fixture: &Fixture) -> DynamoRecords {
        DynamoRecords::new(self.clients(), &fixture.table)
    }

    pub(super) fn objects(&self, fixture: &Fixture) -> S3Objects {
        S3Objects::new(self.clients(), &fixture.stock.name)
    }

    pub(super) fn env(&self) -> Env {
        let now = if self.later { in_ten_minutes } else { Timestamp::now };
        Env { now, ..Env::system() }
    }
}

pub(super) fn in_ten_minutes() -> Timestamp {
    Timestamp::now().checked_add(SignedDuration::from_mins(10)).unwrap()
}

/// When Lambda would end an invocation that has `time`.
pub(super) fn within(time: Duration) -> SystemTime {
    SystemTime::now() + time
}

/// What a function said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It is done, in these words.
    Done(String),
    /// Whoever called has to come again.
    Again(String),
}

impl Said {
    /// Of an answer over HTTP.
    pub(super) fn over_http(response: &Response<Body>) -> (Self, Value) {
        let answer = Answer::of(response);
        let said = match answer.outcome() {
            (status @ (200 | 201), _) => Self::Done(status.to_string()),
            (status @ (202 | 503), _) => Self::Again(status.to_string()),
            other => panic!("{other:?}: {}", answer.body),
        };
        (said, answer.body)
    }

    /// Of a batch with partial answers.
    pub(super) fn of_batch<E: std::fmt::Debug>(answer: Result<Value, E>) -> Self {
        match answer {
            Ok(answer) if answer == json!({ "batchItemFailures": [] }) => Self::Done("done".to_owned()),
            Ok(_) | Err(_) => Self::Again("again".to_owned()),
        }
    }

    pub(super) fn words(&self) -> &str {
        match self {
            Self::Done(words) | Self::Again(words) => words,
        }
    }
}

/// Somebody whom no other scenario knows, and a key of theirs.
pub(super) fn somebody() -> (String, ObjectKey) {
    let id: UploadId = Env::system().upload_id();
    let subject = format!("subject-{id}");
    let key = ObjectKey::new(owner(&subject), id);
    (subject, key)
}
