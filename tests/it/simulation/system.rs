//! What stands between the functions: queue, dead letters, stream; and who dies when.

use lambda_http_kit::EventHandler;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use aws_adapters::dynamodb::stream;
use jiff::{SignedDuration, Timestamp};
use lambda_http_kit::config::ApiConfig;
use policy::key::{ObjectKey, UploadId};
use policy::size::ByteSize;
use serde_json::{Value, json};
use testkit::{
    BUCKET, Interrupted, Interruption, MemoryBus, MemoryObjects, MemoryQueue, MemoryRecords, Random, config, now,
};
use uploads_core::env::Env;

use super::clients::Left;
use super::truth::{Fate, Truth};

/// One rule for everything, with and without a scan. The store takes small parts, so that a picture has several.
const POLICY: &str = r#"{"version": 1, "store": {"partMin": "1 B", "partMax": "16 B"}, "classes": {
    "default": {"allow": [{"types": ["*/*"], "max": "1 MB"}], "partSize": "16 B"},
    "scanned": {"allow": [{"types": ["*/*"], "max": "1 MB"}], "partSize": "16 B", "scan": "required"}
}}"#;

/// What [`POLICY`] cuts a picture into.
pub(super) const PART: usize = 16;

const FAULTS_PERMILLE: usize = 200;
const KILLS_PERMILLE: usize = 20;

/// How many of a thousand arrivals nobody is told of, and how many scans.
const LOST_PERMILLE: usize = 30;

/// How often SQS delivers a message before it gives it up, as in the template.
const MOST_RECEIVES: u8 = 5;

thread_local! {
    /// Every question for the time or for chance gets the next answer.
    static TICK: Cell<u64> = const { Cell::new(0) };
}

/// Begins at the beginning of time.
pub(super) fn begin() {
    TICK.set(0);
}

/// Lets a minute pass.
pub(super) fn a_minute() {
    TICK.set(TICK.get() + 60_000);
}

/// Lets so much time pass that a verdict should be there.
pub(super) fn an_hour() {
    TICK.set(TICK.get() + 3_600_000);
}

/// Lets so much time pass that the reconciler's walk no longer sees what was begun before, and every session lives.
pub(super) fn five_days() {
    TICK.set(TICK.get() + 5 * 24 * 3_600_000);
}

/// Lets more than a week pass: no session lives that long, and nobody waits that long for anything.
pub(super) fn eight_days() {
    TICK.set(TICK.get() + 8 * 24 * 3_600_000);
}

fn tick() -> u64 {
    TICK.set(TICK.get() + 1);
    TICK.get()
}

fn time() -> Timestamp {
    now() + SignedDuration::from_millis(i64::try_from(tick()).unwrap())
}

fn chance() -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&tick().wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes
}

/// What holds data, and the weather over it.
pub(super) struct Stores {
    pub(super) records: MemoryRecords,
    pub(super) objects: MemoryObjects,
    pub(super) bus: MemoryBus,
    /// What the reconciler sends to the validator.
    pub(super) sent: MemoryQueue,
    pub(super) weather: Interruption,
}

impl Stores {
    pub(super) fn new(seed: u64) -> Self {
        let weather = Interruption::weather(!seed, FAULTS_PERMILLE);
        Self {
            records: MemoryRecords::default(),
            objects: MemoryObjects::taking_parts_from(ByteSize::from_bytes(1)),
            bus: MemoryBus::default(),
            sent: MemoryQueue::default(),
            weather,
        }
    }
}

type Table<'a> = Interrupted<'a, MemoryRecords>;
type Bucket<'a> = Interrupted<'a, MemoryObjects>;

/// The real ones.
pub(super) struct Functions<'a> {
    pub(super) presign: presign::Deps<Table<'a>>,
    pub(super) initiate: multipart_initiate::Deps<Table<'a>, Bucket<'a>>,
    pub(super) parts: multipart_parts::Deps<Table<'a>, Bucket<'a>>,
    pub(super) complete: multipart_complete::Deps<Table<'a>, Bucket<'a>, MemoryQueue>,
    pub(super) uploads: uploads::Deps<Table<'a>, Bucket<'a>>,
    validate: validate::Deps<Table<'a>, Bucket<'a>>,
    forward: forward::Deps<Interrupted<'a, MemoryBus>>,
    reconcile: reconcile::Deps<Table<'a>, Bucket<'a>, Interrupted<'a, MemoryQueue>>,
}

impl<'a> Functions<'a> {
    pub(super) fn of(stores: &'a Stores) -> Self {
        let variables = [("POLICY", POLICY), ("RECONCILE_DAYS", "2")];
        let api: ApiConfig = config(&variables);
        let env = Env { now: time, random: chance };
        let (records, objects) = (|| stores.weather.of(&stores.records), || stores.weather.of(&stores.objects));
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
                events: stores.weather.of(&stores.sent),
                env,
            },
            validate: validate::Deps { config: config(&variables), records: records(), objects: objects(), env },
            forward: forward::Deps {
                config: config(&variables),
                read_change: aws_adapters::dynamodb::stream::change,
                bus: stores.weather.of(&stores.bus),
            },
        }
    }
}

/// A message of the queue.
struct Message {
    body: String,
    receives: u8,
}

#[derive(Default)]
struct State {
    queue: Vec<Message>,
    in_flight: usize,
    dead: Vec<Message>,
    /// How many of the bucket's arrivals have raised their events, and how many of the table's changes were forwarded.
    arrivals: usize,
    told: usize,
    /// And how many of the reconciler's messages were taken up.
    sent: usize,
    killed: usize,
    lost: usize,
}

/// Everything at once.
pub(super) struct System<'a> {
    pub(super) random: Random,
    pub(super) stores: &'a Stores,
    pub(super) functions: &'a Functions<'a>,
    /// What each version truly is.
    pub(super) truths: RefCell<BTreeMap<String, Truth>>,
    /// What will be of uploads that are still in parts.
    pub(super) intended: RefCell<BTreeMap<UploadId, Truth>>,
    /// Every upload of which something was stored, or that its owner deleted.
    pub(super) made: RefCell<BTreeMap<UploadId, (ObjectKey, Fate)>>,
    /// Uploads whose owner asked once that they be deleted, and never learned what came of it.
    pub(super) unclear: RefCell<BTreeSet<UploadId>>,
    /// Uploads in parts that nobody came back for so far.
    pub(super) left: RefCell<Vec<Left>>,
    state: RefCell<State>,
    stormy: Cell<bool>,
}

impl<'a> System<'a> {
    pub(super) fn new(seed: u64, stores: &'a Stores, functions: &'a Functions<'a>) -> Self {
        Self {
            random: Random::new(seed),
            stores,
            functions,
            truths: RefCell::default(),
            intended: RefCell::default(),
            made: RefCell::default(),
            unclear: RefCell::default(),
            left: RefCell::default(),
            state: RefCell::default(),
            stormy: Cell::new(true),
        }
    }

    pub(super) fn clear_up(&self) {
        self.stores.weather.clear_up();
        self.stormy.set(false);
    }

    pub(super) fn inject(&self) {
        self.stores.weather.inject(FAULTS_PERMILLE);
        self.stormy.set(true);
    }

    /// Runs a function to its end, or to its death at any of its awaits.
    pub(super) async fn live<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = Box::pin(work);
        std::future::poll_fn(|context| {
            if self.stormy.get() && self.random.permille(KILLS_PERMILLE) {
                self.state.borrow_mut().killed += 1;
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Raises the events of what was stored since the last time.
    pub(super) fn deliver(&self) {
        let mut state = self.state.borrow_mut();
        for (key, version) in self.stores.objects.arrivals_from(state.arrivals) {
            state.arrivals += 1;
            self.made.borrow_mut().entry(key.id()).or_insert_with(|| (key.clone(), Fate::Kept));
            let mut truths = self.truths.borrow_mut();
            let truth = truths.entry(version.clone()).or_insert_with(|| self.intended.borrow()[&key.id()]);
            let mut told = || {
                let lost = self.random.permille(LOST_PERMILLE);
                state.lost += usize::from(lost);
                if lost { 0 } else { 1 + self.random.below(5) }
            };
            let (arrivals, scans) = (told(), told());
            for _ in 0..arrivals {
                let body = self.created(&key, &version).to_string();
                state.queue.push(Message { body, receives: 0 });
            }
            let Some(scan) = truth.scan else { continue };
            if scans == 0 {
                // What is never scanned is never accepted.
                truth.scan = Some("LOST");
            }
            for _ in 0..scans {
                state.queue.push(Message { body: scanned(&key, &version, scan).to_string(), receives: 0 });
            }
        }
    }

    /// The event of a version, in any wrapping.
    fn created(&self, key: &ObjectKey, version: &str) -> Value {
        let direct = json!({ "Records": [{ "eventVersion": "2.6", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
            "bucket": { "name": BUCKET },
            "object": { "key": key.to_string().replace('~', "%7E"), "versionId": version, "sequencer": "0055AED6DCD90281E5" },
        } }] });
        match self.random.below(3) {
            0 => direct,
            1 => json!({ "Type": "Notification", "Message": direct.to_string() }),
            _ => json!({ "source": "aws.s3", "detail-type": "Object Created", "detail": {
                "bucket": { "name": BUCKET },
                "object": { "key": key.to_string(), "version-id": version },
            } }),
        }
    }

    /// One invocation of the validator with some messages, if there are any.
    pub(super) async fn validate(&'a self) {
        let Some(batch) = self.receive() else { return };
        let message = |(n, message): (usize, &Message)| json!({ "eventSource": "aws:sqs", "messageId": n.to_string(), "body": message.body });
        let event = json!({ "Records": batch.iter().enumerate().map(message).collect::<Vec<_>>() });
        let answer = self.live(self.functions.validate.handle(event, in_an_hour())).await;
        let failed = |n: usize| match &answer {
            Some(Ok(answer)) => {
                let (failures, number) = (answer["batchItemFailures"].as_array().unwrap(), n.to_string());
                failures.iter().any(|failure| failure["itemIdentifier"].as_str() == Some(&number))
            }
            Some(Err(_)) | None => true,
        };
        let mut state = self.state.borrow_mut();
        state.in_flight -= batch.len();
        for (n, message) in batch.into_iter().enumerate() {
            match (failed(n), message.receives >= MOST_RECEIVES) {
                (false, _) => {}
                (true, false) => state.queue.push(message),
                (true, true) => state.dead.push(message),
            }
        }
    }

    fn receive(&self) -> Option<Vec<Message>> {
        let mut state = self.state.borrow_mut();
        let wanted = (1 + self.random.below(10)).min(state.queue.len());
        let batch: Vec<Message> = (0..wanted)
            .map(|_| {
                let n = self.random.below(state.queue.len());
                let mut message = state.queue.swap_remove(n);
                message.receives += 1;
                message
            })
            .collect();
        state.in_flight += batch.len();
        (!batch.is_empty()).then_some(batch)
    }

    /// One invocation of the forwarder with the next stretch of the stream, if there is one.
    pub(super) async fn forward(&'a self) {
        let told = self.state.borrow().told;
        let mut changes = self.stores.records.changes_from(told);
        changes.truncate(1 + self.random.below(30));
        if changes.is_empty() {
            return;
        }
        let record =
            |(n, change): (usize, &uploads_core::ports::records::RecordChange)| stream::record(change, told + n);
        let event = json!({ "Records": changes.iter().enumerate().map(record).collect::<Vec<_>>() });
        let answer = self.live(self.functions.forward.handle(event, in_an_hour())).await;
        let Some(Ok(answer)) = answer else { return };
        let failed = answer["batchItemFailures"][0]["itemIdentifier"].as_str();
        let next = failed.map_or(told + changes.len(), |number| number.parse().unwrap());
        self.state.borrow_mut().told = next;
    }

    /// One run of the reconciler; whether it found nothing left to do.
    pub(super) async fn reconcile(&'a self) -> bool {
        let report = self.live(self.functions.reconcile.handle(json!({}), in_an_hour())).await;
        let mut state = self.state.borrow_mut();
        let sent = self.stores.sent.sent().into_iter().skip(state.sent);
        let sent: Vec<Message> = sent.map(|body| Message { body, receives: 0 }).collect();
        state.sent += sent.len();
        state.queue.extend(sent);
        let Some(Ok(report)) = report else { return false };
        // What somebody may still come back for is counted, and left alone.
        report.as_object().unwrap().iter().all(|(name, figure)| *figure == 0 || name == "UploadsInProgress")
    }

    /// Whether nothing is on its way.
    pub(super) fn is_quiet(&self) -> bool {
        let state = self.state.borrow();
        let forwarded = self.stores.records.changes_from(state.told).is_empty();
        state.queue.is_empty() && state.in_flight == 0 && forwarded
    }

    pub(super) fn dead_letters(&self) -> usize {
        self.state.borrow().dead.len()
    }

    pub(super) fn killed(&self) -> usize {
        self.state.borrow().killed
    }

    pub(super) fn lost(&self) -> usize {
        self.state.borrow().lost
    }

    /// What `cargo xtask redrive` does.
    pub(super) fn redrive(&self) {
        let mut state = self.state.borrow_mut();
        let dead = std::mem::take(&mut state.dead);
        state.queue.extend(dead.into_iter().map(|message| Message { receives: 0, ..message }));
    }
}

fn scanned(key: &ObjectKey, version: &str, status: &str) -> Value {
    json!({ "source": "aws.guardduty", "detail-type": "GuardDuty Malware Protection Object Scan Result", "detail": {
        "s3ObjectDetails": { "bucketName": BUCKET, "objectKey": key.to_string(), "versionId": version },
        "scanResultDetails": { "scanResultStatus": status },
    } })
}

fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_hours(1)
}
