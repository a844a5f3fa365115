//! Connects the functions: queue, DLQ and stream. Kills functions at random.

use lambda_http_kit::EventHandler;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use lambda_http_kit::config::ApiConfig;
use policy::key::{ObjectKey, UploadId};
use policy::size::ByteSize;
use serde_json::{Value, json};
use testkit::{
    FaultInjector, FaultyPort, MemoryBus, MemoryEndpoints, MemoryObjects, MemoryQueue, MemoryRecords, MemorySecrets,
    MemoryWaits, Random, config, now,
};
use uploads_core::env::Env;

use super::clients::AbandonedUpload;
use super::end_state::{OwnerAction, VersionFacts};

/// Two classes that allow every type, with and without a scan. Parts are small, so that a picture has several.
const POLICY: &str = r#"{"version": 1, "store": {"partMin": "1 B", "partMax": "16 B"}, "classes": {
    "default": {"allow": [{"types": ["*/*"], "max": "1 MB"}], "partSize": "16 B"},
    "scanned": {"allow": [{"types": ["*/*"], "max": "1 MB"}], "partSize": "16 B", "scan": "required"}
}}"#;

/// The part size of [`POLICY`] in bytes.
pub(super) const PART_SIZE: usize = 16;

const FAULTS_PERMILLE: usize = 200;
const KILLS_PERMILLE: usize = 20;

/// How many of a thousand event notifications, and of scan results, are lost.
pub(super) const LOST_PERMILLE: usize = 30;

/// The webhook endpoints.
pub(super) const ENDPOINTS: [&str; 2] = ["https://one.example/", "https://two.example/"];

/// After how many receives SQS moves a message to the DLQ, as in the template.
pub(super) const MAX_RECEIVES: u8 = 5;

thread_local! {
    /// Milliseconds since the start. Each call of [`time`] or [`random_bytes`] adds one.
    static TICK: Cell<u64> = const { Cell::new(0) };
}

/// Sets the clock to the start.
pub(super) fn reset_clock() {
    TICK.set(0);
}

fn advance_minutes(minutes: u64) {
    TICK.set(TICK.get() + minutes * 60_000);
}

pub(super) fn advance_one_minute() {
    advance_minutes(1);
}

/// After an hour the reconciler requeues an object without a verdict.
pub(super) fn advance_one_hour() {
    advance_minutes(60);
}

/// After five days the reconciler no longer lists the earlier uploads, and no session has reached its maximum age.
pub(super) fn advance_five_days() {
    advance_minutes(5 * 24 * 60);
}

/// After eight days every session has reached its maximum age.
pub(super) fn advance_eight_days() {
    advance_minutes(8 * 24 * 60);
}

fn tick() -> u64 {
    TICK.set(TICK.get() + 1);
    TICK.get()
}

fn time() -> Timestamp {
    now() + SignedDuration::from_millis(i64::try_from(tick()).unwrap())
}

fn random_bytes() -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&tick().wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes
}

/// The memory ports, and the faults of their calls.
pub(super) struct Stores {
    pub(super) records: MemoryRecords,
    pub(super) objects: MemoryObjects,
    pub(super) bus: MemoryBus,
    /// Receives the events that the reconciler sends again.
    pub(super) requeued: MemoryQueue,
    /// The queues of [`ENDPOINTS`].
    pub(super) webhooks: [MemoryQueue; 2],
    pub(super) endpoints: MemoryEndpoints,
    secrets: MemorySecrets,
    pub(super) waits: MemoryWaits,
    /// Receives Lambda's messages about lost batches of the stream.
    pub(super) lost_announcements: MemoryQueue,
    pub(super) faults: FaultInjector,
}

impl Stores {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            records: MemoryRecords::default(),
            objects: MemoryObjects::taking_parts_from(ByteSize::from_bytes(1)),
            bus: MemoryBus::default(),
            requeued: MemoryQueue::default(),
            webhooks: [MemoryQueue::default(), MemoryQueue::default()],
            endpoints: MemoryEndpoints::default(),
            secrets: MemorySecrets::new(r#"{"current": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}"#),
            waits: MemoryWaits::default(),
            lost_announcements: MemoryQueue::default(),
            faults: FaultInjector::random(!seed, FAULTS_PERMILLE),
        }
    }
}

type Records<'a> = FaultyPort<'a, MemoryRecords>;
type Objects<'a> = FaultyPort<'a, MemoryObjects>;

/// The real handlers over the memory ports.
pub(super) struct Functions<'a> {
    pub(super) presign: presign::Deps<Records<'a>>,
    pub(super) initiate: multipart_initiate::Deps<Records<'a>, Objects<'a>>,
    pub(super) parts: multipart_parts::Deps<Records<'a>, Objects<'a>>,
    pub(super) complete: multipart_complete::Deps<Records<'a>, Objects<'a>, MemoryQueue>,
    pub(super) uploads: uploads::Deps<Records<'a>, Objects<'a>>,
    pub(super) validate: validate::Deps<Records<'a>, Objects<'a>>,
    pub(super) forward: forward::Deps<FaultyPort<'a, MemoryBus>, FaultyPort<'a, MemoryQueue>>,
    pub(super) notify:
        notify::Deps<FaultyPort<'a, MemoryEndpoints>, FaultyPort<'a, MemorySecrets>, FaultyPort<'a, MemoryWaits>>,
    reconcile: reconcile::Deps<Records<'a>, Objects<'a>, FaultyPort<'a, MemoryQueue>>,
}

impl<'a> Functions<'a> {
    pub(super) fn of(stores: &'a Stores) -> Self {
        let urls = ENDPOINTS.join(",");
        let variables = [
            ("POLICY", POLICY),
            ("RECONCILE_DAYS", "2"),
            ("WEBHOOK_URLS", &urls),
            ("WEBHOOK_SECRETS", "one,two"),
            ("WEBHOOK_QUEUES", "one,two"),
            ("WEBHOOK_ATTEMPTS", "5"),
        ];
        let api: ApiConfig = config(&variables);
        let env = Env { now: time, random: random_bytes };
        let (records, objects) = (|| stores.faults.of(&stores.records), || stores.faults.of(&stores.objects));
        Self {
            presign: presign::Deps { config: api.clone(), records: records(), env },
            initiate: multipart_initiate::Deps { config: api.clone(), records: records(), objects: objects(), env },
            parts: multipart_parts::Deps { config: api.clone(), records: records(), objects: objects(), env },
            complete: multipart_complete::Deps {
                config: api.clone(),
                records: records(),
                objects: objects(),
                completions: MemoryQueue::default(),
                env,
            },
            uploads: uploads::Deps { config: api, records: records(), objects: objects(), env },
            reconcile: reconcile::Deps {
                config: config(&variables),
                records: records(),
                objects: objects(),
                events: stores.faults.of(&stores.requeued),
                lost_announcements: Some(stores.faults.of(&stores.lost_announcements)),
                env,
            },
            validate: validate::Deps { config: config(&variables), records: records(), objects: objects(), env },
            forward: forward::Deps {
                config: config(&variables),
                read_change: aws_adapters::dynamodb::stream::change,
                bus: Some(stores.faults.of(&stores.bus)),
                webhooks: stores.webhooks.each_ref().map(|queue| stores.faults.of(queue)).into(),
            },
            notify: notify::Deps::new(
                config(&variables),
                stores.faults.of(&stores.endpoints),
                stores.faults.of(&stores.secrets),
                vec![stores.faults.of(&stores.waits), stores.faults.of(&stores.waits)],
                env,
            ),
        }
    }
}

/// A message in the queue or in the DLQ.
pub(super) struct Message {
    pub(super) body: String,
    pub(super) receives: u8,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) queue: Vec<Message>,
    pub(super) in_flight: usize,
    pub(super) dlq: Vec<Message>,
    /// Deliveries of both endpoints.
    pub(super) webhooks: Vec<Message>,
    pub(super) webhook_dlq: Vec<Message>,
    pub(super) lost_batch: bool,
    /// How many new versions already have their events.
    pub(super) delivered: usize,
    /// How many changes of the table are forwarded.
    pub(super) forwarded: usize,
    /// How many messages of the reconciler are in the queue.
    requeued: usize,
    killed: usize,
    pub(super) lost_events: usize,
}

/// All state of one run.
pub(super) struct System<'a> {
    pub(super) random: Random,
    pub(super) stores: &'a Stores,
    pub(super) functions: &'a Functions<'a>,
    /// The facts of each version.
    pub(super) facts: RefCell<BTreeMap<String, VersionFacts>>,
    /// The facts of multipart uploads, whose versions do not exist yet.
    pub(super) multipart_facts: RefCell<BTreeMap<UploadId, VersionFacts>>,
    /// Every upload that has or had a version, or that its owner deleted.
    pub(super) uploads: RefCell<BTreeMap<UploadId, (ObjectKey, OwnerAction)>>,
    /// Uploads whose owner sent a deletion and ignored the answer.
    pub(super) unconfirmed_deletions: RefCell<BTreeSet<UploadId>>,
    /// Multipart uploads whose clients have stopped.
    pub(super) abandoned: RefCell<Vec<AbandonedUpload>>,
    /// The events of verdicts in a lost batch of the stream.
    pub(super) lost_verdicts: RefCell<BTreeSet<String>>,
    pub(super) state: RefCell<State>,
    pub(super) kills: Cell<bool>,
}

impl<'a> System<'a> {
    pub(super) fn new(seed: u64, stores: &'a Stores, functions: &'a Functions<'a>) -> Self {
        Self {
            random: Random::new(seed),
            stores,
            functions,
            facts: RefCell::default(),
            multipart_facts: RefCell::default(),
            uploads: RefCell::default(),
            unconfirmed_deletions: RefCell::default(),
            abandoned: RefCell::default(),
            lost_verdicts: RefCell::default(),
            state: RefCell::default(),
            kills: Cell::new(true),
        }
    }

    /// Ends failing calls and kills.
    pub(super) fn stop_faults(&self) {
        self.stores.faults.stop();
        self.kills.set(false);
    }

    /// Lets calls fail and functions be killed.
    pub(super) fn start_faults(&self) {
        self.stores.faults.inject(FAULTS_PERMILLE);
        self.kills.set(true);
    }

    /// Runs a function to its end, or kills it at one of its awaits and returns `None`.
    pub(super) async fn run_or_kill<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = Box::pin(work);
        std::future::poll_fn(|context| {
            if self.kills.get() && self.random.permille(KILLS_PERMILLE) {
                self.state.borrow_mut().killed += 1;
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Runs the reconciler, and returns whether it found nothing to do.
    pub(super) async fn reconcile(&'a self) -> bool {
        let report = self.run_or_kill(self.functions.reconcile.handle(json!({}), in_an_hour())).await;
        let mut state = self.state.borrow_mut();
        let sent = self.stores.requeued.sent().into_iter().skip(state.requeued);
        let messages: Vec<Message> = sent.map(|body| Message { body, receives: 0 }).collect();
        state.requeued += messages.len();
        state.queue.extend(messages);
        let Some(Ok(report)) = report else { return false };
        // The reconciler counts uploads that a client may still resume, and does not change them.
        report.as_object().unwrap().iter().all(|(name, figure)| *figure == 0 || name == "UploadsInProgress")
    }

    /// Whether no message is queued or in flight, and every change is forwarded.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state.borrow();
        let all_forwarded = self.stores.records.change_count() == state.forwarded;
        let all_delivered = state.webhooks.is_empty() && self.stores.webhooks.iter().all(MemoryQueue::is_empty);
        state.queue.is_empty() && state.in_flight == 0 && all_forwarded && all_delivered
    }

    pub(super) fn dlq_messages(&self) -> usize {
        let state = self.state.borrow();
        state.dlq.len() + state.webhook_dlq.len()
    }

    pub(super) fn killed(&self) -> usize {
        self.state.borrow().killed
    }

    pub(super) fn lost_events(&self) -> usize {
        self.state.borrow().lost_events
    }

    /// Moves the messages of both DLQs back to their queues, as `sluice redrive` does.
    pub(super) fn redrive(&self) {
        let mut state = self.state.borrow_mut();
        let messages = std::mem::take(&mut state.dlq);
        state.queue.extend(messages.into_iter().map(|message| Message { receives: 0, ..message }));
        let deliveries = std::mem::take(&mut state.webhook_dlq);
        state.webhooks.extend(deliveries.into_iter().map(|message| Message { receives: 0, ..message }));
    }
}

/// Whether a batch's message stays in the queue.
pub(super) fn has_failed<E>(answer: Option<&Result<Value, E>>, n: usize) -> bool {
    let Some(Ok(answer)) = answer else { return true };
    let (failures, number) = (answer["batchItemFailures"].as_array().unwrap(), n.to_string());
    failures.iter().any(|failure| failure["itemIdentifier"].as_str() == Some(&number))
}

pub(super) fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_hours(1)
}
