//! Runs over interrupted work, and the state after them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use policy::SizeGrant;
use policy::key::ObjectKey;
use policy::parts::PartPlan;
use policy::s3_limits::StoreLimits;
use policy::session::{Cleanup, Completing, CompletionRequest, Event, Lease, Session, State};
use policy::size::ByteSize;
use policy::upload::Record;
use testkit::{
    ALICE, FaultInjector, FaultKind, FaultPoint, FaultyPort, MemoryObjects, MemoryQueue, MemoryRecords, PNG, config,
    env, grant, id, key, now, session_of,
};
use uploads_core::env::Env;
use uploads_core::multipart::{Completion, Multipart, RequestedParts, SessionProblem};
use uploads_core::ports::due_index::{Checkpoint, DueIndex};
use uploads_core::ports::multipart_uploads::{CreateMultipartUpload, MultipartUploads};
use uploads_core::ports::objects::Objects;
use uploads_core::ports::queue::Queue;
use uploads_core::ports::records::UploadRecords;

use super::*;

mod completion_jobs;
mod interruptions;
mod lost_announcements;
mod pending;
mod verdicts;
mod walks;

type Clock = fn() -> Timestamp;

/// The function, whose calls to table, bucket and queue may be interrupted.
type InterruptedDeps<'a> =
    Deps<FaultyPort<'a, MemoryRecords>, FaultyPort<'a, MemoryObjects>, FaultyPort<'a, MemoryQueue>>;

#[derive(Default)]
struct Fixture {
    records: MemoryRecords,
    objects: MemoryObjects,
    events: MemoryQueue,
    lost_announcements: MemoryQueue,
    /// `RECONCILE_DAYS`, 9 by default.
    days: Option<&'static str>,
    policy: Option<&'static str>,
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap()
}

fn after_minutes(minutes: i64) -> Timestamp {
    later(now(), SignedDuration::from_mins(minutes))
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

/// One day longer than a session lives.
fn in_eight_days() -> Timestamp {
    later(now(), days(8))
}

fn in_a_minute() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

impl Fixture {
    fn deps<'a>(&'a self, faults: &'a FaultInjector, now: Clock) -> InterruptedDeps<'a> {
        let days = ("RECONCILE_DAYS", self.days.unwrap_or("9"));
        Deps {
            config: config(&[days, ("POLICY", self.policy.unwrap_or_default())]),
            records: faults.of(&self.records),
            objects: faults.of(&self.objects),
            events: faults.of(&self.events),
            lost_announcements: Some(faults.of(&self.lost_announcements)),
            env: Env { now, ..env() },
        }
    }

    /// A run whose calls `faults` interrupts; `None` if that kills it.
    async fn run_interrupted(&self, faults: &FaultInjector, now: Clock) -> Option<Report> {
        self.run_while(faults, now, &|| true).await
    }

    async fn run_while(
        &self,
        faults: &FaultInjector,
        now: Clock,
        has_time: &(dyn Fn() -> bool + Sync),
    ) -> Option<Report> {
        let deps = self.deps(faults, now);
        faults.run(deps.run(&Deadline { at: in_a_minute(), has_time })).await
    }

    async fn run(&self, now: Clock) -> Report {
        self.run_interrupted(&FaultInjector::none(), now).await.unwrap()
    }

    fn multipart(&self, now: Clock) -> Multipart<'_, MemoryRecords, MemoryObjects> {
        Multipart { records: &self.records, objects: &self.objects, now }
    }

    async fn complete(&self, key: &ObjectKey, now: Clock) -> Result<Completion, SessionProblem> {
        let (multipart, parts) = (self.multipart(now), RequestedParts::default());
        multipart.complete(key, &parts, "client", StoreLimits::S3, in_a_minute()).await
    }

    /// A session of two parts, the first of which is stored.
    async fn open_session(&self, key: &ObjectKey) -> Session {
        let session = session_of(key, PART_SIZE + 1);
        let session = self.multipart(now).open(session, None).await.unwrap();
        self.objects.put_hollow_part(upload_of(&session), 1, PART_SIZE).unwrap();
        session
    }

    /// A session of two parts, both of which are stored.
    async fn uploaded_session(&self, key: &ObjectKey) -> Session {
        let session = self.open_session(key).await;
        self.objects.put_hollow_part(upload_of(&session), 2, 1).unwrap();
        session
    }

    /// An open session without a declared size, of at most `limit` bytes.
    async fn unsized_session(&self, key: &ObjectKey, limit: u64) -> Session {
        let limit = ByteSize::from_bytes(limit);
        let plan = PartPlan::unsized_up_to(limit, ByteSize::from_bytes(PART_SIZE), StoreLimits::S3);
        let sized = session_of(key, 1);
        let size = SizeGrant::Between { min: ByteSize::from_bytes(1), max: limit };
        let grant = policy::Grant { size, ..sized.grant.clone() };
        self.multipart(now).open(Session { plan, grant, ..sized }, Some(3)).await.unwrap()
    }

    /// Another process leases the session to complete it, and is killed.
    fn store_lease(&self, session: &Session, until: Timestamp) {
        let lease = Lease { holder: "killed".to_owned(), until };
        let (upload, request) = (upload_of(session).to_owned(), CompletionRequest::default());
        let state = State::Completing(Completing { upload, lease, request });
        self.records.store_session(Session { state, ..session.clone() });
    }

    /// A multipart upload that no session refers to, with a part of 6 bytes.
    async fn orphan(&self, key: &ObjectKey) -> String {
        let request = CreateMultipartUpload {
            content_type: "image/png".to_owned(),
            encoded_grant: String::new(),
            generation: 1,
            checksum: None,
        };
        let upload = self.objects.create_upload(key, &request).await.unwrap();
        self.objects.put_part(&upload, 1, b"orphan").unwrap();
        upload
    }

    fn put_object(&self, key: &ObjectKey) -> String {
        self.objects.put_granted(key, &grant(key.owner(), PNG.len() as u64), PNG)
    }

    fn state(&self, key: &ObjectKey) -> Option<State> {
        self.records.session_of(key.id()).map(|session| session.state)
    }

    fn session_due(&self, key: &ObjectKey) -> Option<Timestamp> {
        self.records.session_of(key.id()).unwrap().due()
    }
}

fn upload_of(session: &Session) -> &str {
    match &session.state {
        State::Open { upload } => upload,
        other => panic!("{other:?}"),
    }
}

/// Every metric that is not 0, except for the uploads in progress.
fn counts(report: &Report) -> Vec<(Metric, u64)> {
    let all = Metric::ALL.iter().map(|metric| (*metric, report.value(*metric)));
    all.filter(|(metric, value)| *value > 0 && *metric != Metric::UploadsInProgress).collect()
}

const PART_SIZE: u64 = 8 << 20;

#[tokio::test]
async fn a_run_without_work_changes_nothing() {
    let fixture = Fixture::default();
    assert_eq!(counts(&fixture.run(now).await), []);
    assert!(fixture.records.is_empty() && fixture.objects.is_empty() && fixture.events.sent().is_empty());
}

#[tokio::test]
async fn a_session_expires_at_its_deadline_and_its_upload_is_aborted() {
    let (fixture, key) = (Fixture::default(), key(ALICE, id(1)));
    let session = fixture.open_session(&key).await;
    assert_eq!(session.deadline, later(now(), days(7)));
    let report = fixture.run(|| later(now(), days(7) - SignedDuration::from_millis(1))).await;
    assert_eq!((counts(&report), fixture.state(&key)), (vec![], Some(session.state.clone())));
    let report = fixture.run(|| later(now(), days(7))).await;
    assert_eq!(counts(&report), [(Metric::SessionsExpired, 1), (Metric::BytesFreed, PART_SIZE)]);
    assert_eq!(fixture.state(&key), Some(State::Expired(Cleanup::Done)));
    assert_eq!(fixture.objects.pending(), Vec::<String>::new());
    assert_eq!(counts(&fixture.run(in_eight_days).await), [], "a second run");
}

#[tokio::test]
async fn an_interrupted_creation_expires_and_its_upload_is_aborted() {
    for upload_was_created in [false, true] {
        let (fixture, key) = (Fixture::default(), key(ALICE, id(1)));
        fixture.records.store_session(session_of(&key, PART_SIZE));
        if upload_was_created {
            fixture.orphan(&key).await;
        }
        assert_eq!(counts(&fixture.run(|| later(now(), SignedDuration::from_secs(899))).await), []);
        let report = fixture.run(|| later(now(), SignedDuration::from_secs(900))).await;
        assert_eq!(counts(&report), [(Metric::SessionsExpired, 1)]);
        assert_eq!(fixture.state(&key), Some(State::Expired(Cleanup::Done)));
        assert_eq!(fixture.objects.pending(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_interrupted_abort_or_expiry_is_cleaned_up() {
    for end in [Event::Aborted, Event::Expired] {
        let (fixture, key) = (Fixture::default(), key(ALICE, id(1)));
        let session = fixture.open_session(&key).await;
        fixture.records.store_session(session.step(end, in_eight_days()).unwrap());
        let report = fixture.run(now).await;
        assert_eq!(counts(&report), [(Metric::SessionsCleanedUp, 1), (Metric::BytesFreed, PART_SIZE)]);
        assert_eq!(fixture.objects.pending(), Vec::<String>::new());
        assert_eq!(fixture.session_due(&key), None);
    }
}

#[tokio::test]
async fn an_interrupted_completion_is_finished_after_its_lease() {
    let (fixture, key) = (Fixture::default(), key(ALICE, id(1)));
    let session = fixture.uploaded_session(&key).await;
    fixture.store_lease(&session, later(now(), SignedDuration::from_secs(60)));
    let before = fixture.state(&key);
    fixture.run(|| later(now(), SignedDuration::from_millis(59_999))).await;
    assert_eq!((fixture.state(&key), fixture.objects.is_empty()), (before, true), "during the lease");
    let report = fixture.run(|| later(now(), SignedDuration::from_secs(60))).await;
    assert_eq!(counts(&report), [(Metric::SessionsCompleted, 1)]);
    let Some(State::Completed(completed)) = fixture.state(&key) else { panic!("{:?}", fixture.state(&key)) };
    assert_eq!(fixture.objects.kept(&key), [completed.version]);
    assert_eq!(fixture.objects.pending(), Vec::<String>::new());
}

#[tokio::test]
async fn a_completion_whose_object_exists_creates_no_second_version() {
    let (fixture, key) = (Fixture::default(), key(ALICE, id(1)));
    let session = fixture.uploaded_session(&key).await;
    fixture.complete(&key, now).await.unwrap();
    fixture.store_lease(&session, now());
    let report = fixture.run(now).await;
    assert_eq!(counts(&report), [(Metric::SessionsCompleted, 1)]);
    assert_eq!(fixture.objects.kept(&key).len(), 1);
}

#[tokio::test]
async fn a_completion_with_a_missing_part_reopens_the_session() {
    let (fixture, key) = (Fixture::default(), key(ALICE, id(1)));
    let session = fixture.open_session(&key).await;
    fixture.store_lease(&session, now());
    let report = fixture.run(now).await;
    assert_eq!(counts(&report), [(Metric::SessionsReopened, 1)]);
    assert_eq!(fixture.state(&key), Some(session.state.clone()));
    assert!(fixture.objects.is_empty());
    fixture.objects.put_hollow_part(upload_of(&session), 2, 1).unwrap();
    let outcome = fixture.complete(&key, now).await;
    assert!(matches!(outcome, Ok(Completion::Done(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_session_without_a_declared_size_is_measured_every_hour() {
    const IN_AN_HOUR: Clock = || after_minutes(60);
    for (limit, fits) in [(PART_SIZE, true), (PART_SIZE - 1, false)] {
        let (fixture, key) = (Fixture::default(), key(ALICE, id(1)));
        let session = fixture.unsized_session(&key, limit).await;
        fixture.objects.put_hollow_part(upload_of(&session), 1, PART_SIZE).unwrap();
        assert_eq!(counts(&fixture.run(now).await), [], "before the hour has passed");
        let report = fixture.run(IN_AN_HOUR).await;
        if fits {
            assert_eq!(counts(&report), [(Metric::SessionsMeasured, 1)]);
            assert_eq!(fixture.records.session_of(key.id()).unwrap().summed_at, IN_AN_HOUR());
            assert_eq!((fixture.objects.pending().len(), fixture.records.counted(key.owner())), (1, 1));
            assert_eq!(counts(&fixture.run(IN_AN_HOUR).await), [], "a second run");
        } else {
            let expected =
                [(Metric::SessionsMeasured, 1), (Metric::SessionsAboveLimit, 1), (Metric::BytesFreed, PART_SIZE)];
            assert_eq!(counts(&report), expected);
            assert_eq!(fixture.state(&key), Some(State::Aborted(Cleanup::Done)));
            assert_eq!((fixture.objects.pending().len(), fixture.records.counted(key.owner())), (0, 0));
        }
    }
}

#[tokio::test]
async fn a_multipart_upload_without_a_session_is_aborted_after_a_day() {
    let (fixture, own) = (Fixture::default(), key(ALICE, id(1)));
    let session = fixture.open_session(&own).await;
    // One beside the session's upload, and one at a key without a session.
    fixture.orphan(&own).await;
    fixture.orphan(&key(ALICE, id(2))).await;
    let report = fixture.run(|| later(now(), days(1) - SignedDuration::from_millis(1))).await;
    assert_eq!((counts(&report), report.value(Metric::UploadsInProgress)), (vec![], 3));
    let report = fixture.run(|| later(now(), days(1))).await;
    assert_eq!(counts(&report), [(Metric::UploadsAborted, 2), (Metric::BytesFreed, 12)]);
    assert_eq!(fixture.objects.pending(), [upload_of(&session)]);
    assert_eq!(fixture.records.sessions(), [session]);
}

#[test]
fn only_sessions_that_have_not_ended_keep_their_upload() {
    for (state, kept) in [
        (State::Opening, true),
        (State::Open { upload: "u".to_owned() }, true),
        (State::Open { upload: "other".to_owned() }, false),
        (State::Aborted(Cleanup::Upload("u".to_owned())), false),
        (State::Expired(Cleanup::Done), false),
    ] {
        let session = Session { state, ..session_of(&key(ALICE, id(1)), 1) };
        assert_eq!(orphans::may_use(&session, "u"), kept, "{:?}", session.state);
    }
}
