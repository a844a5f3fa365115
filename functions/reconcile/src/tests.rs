//! Everything that can be left behind, and what is left after a run.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use shared::key::ObjectKey;
use shared::multipart::{Completion, Multipart, Wanted};
use shared::objects::multipart::{Beginning, MultipartUploads};
use shared::policy::SizeGrant;
use shared::records::UploadRecords;
use shared::records::census::Bookmark;
use shared::s3_limits::StoreLimits;
use shared::session::{Asked, Completing, Event, Lease, Left, Session, State};
use shared::size::ByteSize;
use shared::testing::{
    ALICE, Interruption, Kind, MemoryObjects, MemoryQueue, MemoryRecords, Moment, PNG, ambient, config, grant, id, key,
    now, session_of,
};
use shared::upload::Record;

use super::*;

mod halves;
mod handed_over;
mod interruptions;
mod verdicts;
mod walks;

/// What a table, a bucket and a queue hold.
#[derive(Default)]
struct World {
    records: MemoryRecords,
    objects: MemoryObjects,
    events: MemoryQueue,
    /// The window, if it is not all that these tests need.
    days: Option<&'static str>,
    policy: Option<&'static str>,
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap()
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

/// Eight days after [`now`], which is longer than a session lives.
fn in_eight_days() -> Timestamp {
    later(now(), days(8))
}

impl World {
    async fn run_under(&self, trouble: &Interruption, now: fn() -> Timestamp) -> Option<Report> {
        self.run_while(trouble, now, &|| true).await
    }

    async fn run_while(
        &self,
        trouble: &Interruption,
        now: fn() -> Timestamp,
        left: &(dyn Fn() -> bool + Sync),
    ) -> Option<Report> {
        let deps = Deps {
            config: config(&[
                ("RECONCILE_DAYS", self.days.unwrap_or("9")),
                ("POLICY", self.policy.unwrap_or_default()),
            ]),
            records: trouble.of(&self.records),
            objects: trouble.of(&self.objects),
            events: trouble.of(&self.events),
            ambient: Ambient { now, ..ambient() },
        };
        let until = Instant::now() + Duration::from_mins(1);
        trouble.run(run(&deps, &Time { until, left })).await
    }

    async fn run(&self, now: fn() -> Timestamp) -> Report {
        self.run_under(&Interruption::none(), now).await.unwrap()
    }

    fn multipart(&self, now: fn() -> Timestamp) -> Multipart<'_, MemoryRecords, MemoryObjects> {
        Multipart { sessions: &self.records, store: &self.objects, now }
    }

    /// A session of two parts, the first of which has arrived.
    async fn open(&self, key: &ObjectKey) -> Session {
        let session = session_of(key, (8 << 20) + 1);
        let session = self.multipart(now).open(session, None).await.unwrap();
        self.objects.put_hollow_part(upload_of(&session), 1, 8 << 20).unwrap();
        session
    }

    /// The same, whole.
    async fn whole(&self, key: &ObjectKey) -> Session {
        let session = self.open(key).await;
        self.objects.put_hollow_part(upload_of(&session), 2, 1).unwrap();
        session
    }

    /// An upload that no session knows.
    async fn orphan(&self, key: &ObjectKey) -> String {
        let beginning =
            Beginning { content_type: "image/png".to_owned(), carried: String::new(), generation: 1, checksum: None };
        let upload = self.objects.begin(key, &beginning).await.unwrap();
        self.objects.put_part(&upload, 1, b"left behind").unwrap();
        upload
    }

    fn state(&self, key: &ObjectKey) -> Option<State> {
        self.records.session_of(key.id()).map(|session| session.state)
    }
}

fn upload_of(session: &Session) -> &str {
    match &session.state {
        State::Open { upload } => upload,
        other => panic!("{other:?}"),
    }
}

/// Lets somebody have begun to complete it, and be killed.
fn leased(world: &World, session: &Session, until: Timestamp, asked: Asked) {
    let lease = Lease { holder: "gone".to_owned(), until };
    let state = State::Completing(Completing { upload: upload_of(session).to_owned(), lease, asked });
    world.records.store_session(Session { state, ..session.clone() });
}

fn figures(report: &Report) -> Vec<(Count, u64)> {
    let all = Count::ALL.iter().map(|count| (*count, report.count(*count)));
    all.filter(|(count, figure)| *figure > 0 && *count != Count::UploadsUnderWay).collect()
}

const PART: u64 = 8 << 20;

#[tokio::test]
async fn with_nothing_to_do_nothing_is_done() {
    let world = World::default();
    assert_eq!(figures(&world.run(now).await), []);
    assert!(world.records.is_empty() && world.objects.is_empty() && world.events.sent().is_empty());
}

#[tokio::test]
async fn a_session_expires_at_its_deadline_and_takes_its_upload_along() {
    let (world, key) = (World::default(), key(ALICE, id(1)));
    let session = world.open(&key).await;
    assert_eq!(session.deadline, later(now(), days(7)));
    let report = world.run(|| later(now(), days(7) - SignedDuration::from_millis(1))).await;
    assert_eq!((figures(&report), world.state(&key)), (vec![], Some(session.state.clone())));
    let report = world.run(|| later(now(), days(7))).await;
    assert_eq!(figures(&report), [(Count::SessionsExpired, 1), (Count::BytesFreed, PART)]);
    assert_eq!(world.state(&key), Some(State::Expired(Left::Nothing)));
    assert_eq!(world.objects.pending(), Vec::<String>::new());
    assert_eq!(figures(&world.run(in_eight_days).await), [], "and nothing is left to do");
}

#[tokio::test]
async fn an_opening_that_was_killed_is_closed_with_whatever_it_began() {
    for began in [false, true] {
        let (world, key) = (World::default(), key(ALICE, id(1)));
        world.records.store_session(session_of(&key, PART));
        if began {
            world.orphan(&key).await;
        }
        assert_eq!(figures(&world.run(|| later(now(), SignedDuration::from_secs(899))).await), []);
        let report = world.run(|| later(now(), SignedDuration::from_secs(900))).await;
        assert_eq!(figures(&report), [(Count::SessionsExpired, 1)]);
        assert_eq!(world.state(&key), Some(State::Expired(Left::Nothing)));
        assert_eq!(world.objects.pending(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_session_given_up_by_somebody_who_was_killed_is_swept() {
    for end in [Event::Aborted, Event::Expired] {
        let (world, key) = (World::default(), key(ALICE, id(1)));
        let session = world.open(&key).await;
        world.records.store_session(session.step(end, in_eight_days()).unwrap());
        let report = world.run(now).await;
        assert_eq!(figures(&report), [(Count::SessionsSwept, 1), (Count::BytesFreed, PART)]);
        assert_eq!(world.objects.pending(), Vec::<String>::new());
        assert_eq!(world.records.session_of(key.id()).unwrap().due(), None);
    }
}

#[tokio::test]
async fn a_completion_that_nobody_is_at_is_finished_once_its_lease_has_run_out() {
    let (world, key) = (World::default(), key(ALICE, id(1)));
    let session = world.whole(&key).await;
    leased(&world, &session, later(now(), SignedDuration::from_secs(60)), Asked::default());
    let before = world.state(&key);
    world.run(|| later(now(), SignedDuration::from_millis(59_999))).await;
    assert_eq!((world.state(&key), world.objects.is_empty()), (before, true), "somebody may be at it");
    let report = world.run(|| later(now(), SignedDuration::from_secs(60))).await;
    assert_eq!(figures(&report), [(Count::SessionsCompleted, 1)]);
    let Some(State::Completed(result)) = world.state(&key) else { panic!("{:?}", world.state(&key)) };
    assert_eq!(world.objects.kept(&key), [result.version]);
    assert_eq!(world.objects.pending(), Vec::<String>::new());
}

#[tokio::test]
async fn an_object_that_is_there_already_is_the_answer() {
    let (world, key) = (World::default(), key(ALICE, id(1)));
    let session = world.whole(&key).await;
    let until = Instant::now() + Duration::from_mins(1);
    world.multipart(now).complete(&key, &Wanted::default(), "me", StoreLimits::S3, until).await.unwrap();
    // Its answer was lost.
    leased(&world, &session, now(), Asked::default());
    let report = world.run(now).await;
    assert_eq!(figures(&report), [(Count::SessionsCompleted, 1)]);
    assert_eq!(world.objects.kept(&key).len(), 1);
}

#[tokio::test]
async fn a_completion_that_can_not_be_finished_is_its_owners_again() {
    let (world, key) = (World::default(), key(ALICE, id(1)));
    let session = world.open(&key).await;
    leased(&world, &session, now(), Asked::default());
    let report = world.run(now).await;
    assert_eq!(figures(&report), [(Count::SessionsReopened, 1)]);
    assert_eq!(world.state(&key), Some(session.state.clone()));
    assert!(world.objects.is_empty());
    world.objects.put_hollow_part(upload_of(&session), 2, 1).unwrap();
    let until = Instant::now() + Duration::from_mins(1);
    let done = world.multipart(now).complete(&key, &Wanted::default(), "me", StoreLimits::S3, until).await;
    assert!(matches!(done, Ok(Completion::Done(_))), "{done:?}");
}

fn an_hour_later() -> Timestamp {
    later(now(), SignedDuration::from_hours(1))
}

/// An open session without a declared size, at most `limit` bytes.
async fn unsized_session(world: &World, key: &ObjectKey, limit: u64) -> Session {
    let limit = ByteSize::from_bytes(limit);
    let plan = shared::parts::PartPlan::unsized_up_to(limit, ByteSize::from_bytes(8 << 20), StoreLimits::S3);
    let whole = session_of(key, 1);
    let size = SizeGrant::Between { min: ByteSize::from_bytes(1), max: limit };
    let grant = shared::policy::Grant { size, ..whole.grant.clone() };
    world.multipart(now).open(Session { plan, grant, ..whole }, Some(3)).await.unwrap()
}

#[tokio::test]
async fn an_upload_without_a_size_is_added_up_every_hour() {
    for (limit, fits) in [(PART, true), (PART - 1, false)] {
        let (world, key) = (World::default(), key(ALICE, id(1)));
        let session = unsized_session(&world, &key, limit).await;
        world.objects.put_hollow_part(upload_of(&session), 1, PART).unwrap();
        assert_eq!(figures(&world.run(now).await), [], "not yet");
        let report = world.run(an_hour_later).await;
        if fits {
            assert_eq!(figures(&report), [(Count::SessionsSummed, 1)]);
            assert_eq!(world.records.session_of(key.id()).unwrap().summed_at, an_hour_later());
            assert_eq!((world.objects.pending().len(), world.records.counted(key.owner())), (1, 1));
            assert_eq!(figures(&world.run(an_hour_later).await), [], "and not at every run");
        } else {
            let expected = [(Count::SessionsSummed, 1), (Count::SessionsAboveLimit, 1), (Count::BytesFreed, PART)];
            assert_eq!(figures(&report), expected);
            assert_eq!(world.state(&key), Some(State::Aborted(Left::Nothing)));
            assert_eq!((world.objects.pending().len(), world.records.counted(key.owner())), (0, 0));
        }
    }
}

#[tokio::test]
async fn an_upload_of_no_session_goes_when_it_is_a_day_old() {
    let (world, mine) = (World::default(), key(ALICE, id(1)));
    let session = world.open(&mine).await;
    let loser = world.orphan(&mine).await;
    let stray = world.orphan(&key(ALICE, id(2))).await;
    let report = world.run(|| later(now(), days(1) - SignedDuration::from_millis(1))).await;
    assert_eq!((figures(&report), report.count(Count::UploadsUnderWay)), (vec![], 3));
    let report = world.run(|| later(now(), days(1))).await;
    assert_eq!(figures(&report), [(Count::UploadsAborted, 2), (Count::BytesFreed, 22)]);
    assert_eq!(world.objects.pending(), [upload_of(&session)], "{loser} and {stray} are gone");
    assert_eq!(world.records.sessions(), [session]);
}

#[tokio::test]
async fn each_state_keeps_the_upload_that_it_may_still_use() {
    let ended = |upload: &str| Left::Upload(upload.to_owned());
    for (state, kept) in [
        (State::Opening, true),
        (State::Open { upload: "u".to_owned() }, true),
        (State::Open { upload: "other".to_owned() }, false),
        (State::Aborted(ended("u")), false),
        (State::Expired(Left::Nothing), false),
    ] {
        let session = Session { state, ..session_of(&key(ALICE, id(1)), 1) };
        assert_eq!(orphans::may_use(&session, "u"), kept, "{:?}", session.state);
    }
}
