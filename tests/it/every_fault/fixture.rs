//! The resources of a scenario on the emulator, and invocations of functions whose calls go through the [`FaultProxy`].

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use aws_adapters::sqs::SqsQueue;
use aws_config::timeout::TimeoutConfig;
use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Response};
use lambda_http_kit::HttpHandler;
use lambda_http_kit::config::Config;
use policy::key::{ObjectKey, UploadId};
use serde_json::{Value, json};
use testkit::http::{ApiRequest, ApiResponse};
use testkit::{config, owner};
use uploads_core::env::Env;

use super::fault_proxy::FaultProxy;
use crate::adapters::{TestBucket, objects, records, sdk_config};
use crate::aws::{create_queue, create_table};

/// Longer than the functions' own time-outs, because a machine that runs all tests is slow.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);

/// A bucket, a table and a queue.
pub(super) struct Fixture {
    pub(super) bucket: TestBucket,
    pub(super) table: String,
    pub(super) queue: String,
}

impl Fixture {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("fixture-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let (bucket, table) = (TestBucket::new(&name), create_table(&name));
        Self { bucket, table, queue: create_queue(&format!("{name}-{}", std::process::id())) }
    }

    /// The table without the proxy.
    pub(super) fn records(&self) -> DynamoRecords {
        records(&self.table)
    }

    /// The bucket without the proxy.
    pub(super) fn objects(&self) -> S3Objects {
        objects(&self.bucket.name)
    }

    pub(super) fn config<C: Config>(&self, extra: &[(&str, &str)]) -> C {
        let variables = [
            ("BUCKET", self.bucket.name.as_str()),
            ("TABLE", &self.table),
            ("RECONCILE_GRACE", "0s"),
            ("RECONCILE_ORPHAN_AGE", "0s"),
        ];
        config(&[extra, &variables].concat())
    }
}

/// One invocation: the proxy for its calls, and its clock.
pub(super) struct Invocation<'a> {
    pub(super) proxy: &'a FaultProxy,
    /// Whether the clock is ten minutes ahead, so that every lease has expired.
    pub(super) ten_minutes_later: bool,
}

impl<'a> Invocation<'a> {
    pub(super) fn first(proxy: &'a FaultProxy) -> Self {
        Self { proxy, ten_minutes_later: false }
    }

    pub(super) fn retry(proxy: &'a FaultProxy) -> Self {
        Self { proxy, ten_minutes_later: true }
    }

    pub(super) fn clients(&self) -> Clients {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let retries = aws_config::retry::RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        let config = sdk_config().into_builder().endpoint_url(&self.proxy.endpoint);
        Clients::of(config.timeout_config(timeouts).retry_config(retries).build(), true)
    }

    pub(super) fn records(&self, fixture: &Fixture) -> DynamoRecords {
        DynamoRecords::new(self.clients(), &fixture.table)
    }

    pub(super) fn objects(&self, fixture: &Fixture) -> S3Objects {
        S3Objects::new(self.clients(), &fixture.bucket.name)
    }

    pub(super) fn queue(&self, fixture: &Fixture) -> SqsQueue {
        SqsQueue::new(self.clients(), &fixture.queue)
    }

    pub(super) fn env(&self) -> Env {
        let now = if self.ten_minutes_later { in_ten_minutes } else { Timestamp::now };
        Env { now, ..Env::system() }
    }

    /// Calls the function `uploads`.
    pub(super) async fn call_uploads(&self, fixture: &Fixture, call: &ApiRequest) -> (Reply, Value) {
        let (records, objects) = (self.records(fixture), self.objects(fixture));
        let deps = uploads::Deps { config: fixture.config(&[]), records, objects, env: self.env() };
        Reply::of_response(&deps.handle(call.request()).await)
    }

    /// The function `reconcile`.
    pub(super) fn reconcile(&self, fixture: &Fixture) -> reconcile::Deps<DynamoRecords, S3Objects, SqsQueue> {
        let (records, objects) = (self.records(fixture), self.objects(fixture));
        let (config, events) = (fixture.config(&[]), self.queue(fixture));
        reconcile::Deps { config, records, objects, events, lost_announcements: None, env: self.env() }
    }
}

fn in_ten_minutes() -> Timestamp {
    Timestamp::now().checked_add(SignedDuration::from_mins(10)).unwrap()
}

/// The deadline of an invocation that Lambda allows `time`.
pub(super) fn deadline_in(time: Duration) -> SystemTime {
    SystemTime::now() + time
}

/// The outcome of an invocation, with the text of its cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Done(String),
    /// The caller has to retry.
    Retry(String),
}

impl Reply {
    /// From an HTTP response. Panics at an unexpected status.
    pub(super) fn of_response(response: &Response<Body>) -> (Self, Value) {
        let answer = ApiResponse::of(response);
        let reply = match answer.outcome() {
            (status @ (200 | 201), _) => Self::Done(status.to_string()),
            (status @ (202 | 503), _) => Self::Retry(status.to_string()),
            other => panic!("{other:?}: {}", answer.body),
        };
        (reply, answer.body)
    }

    /// From a batch answer: done if no item failed.
    pub(super) fn of_batch<E: std::fmt::Debug>(answer: Result<Value, E>) -> Self {
        match answer {
            Ok(answer) if answer == json!({ "batchItemFailures": [] }) => Self::done(),
            Ok(_) | Err(_) => Self::Retry("again".to_owned()),
        }
    }

    pub(super) fn done() -> Self {
        Self::Done("done".to_owned())
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Done(text) | Self::Retry(text) => text,
        }
    }
}

/// The subject and the key of an owner whom no other scenario uses.
pub(super) fn fresh_owner() -> (String, ObjectKey) {
    let id: UploadId = Env::system().upload_id();
    let subject = format!("subject-{id}");
    let key = ObjectKey::new(owner(&subject), id);
    (subject, key)
}
