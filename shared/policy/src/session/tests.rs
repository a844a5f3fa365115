//! Every event in every state, deadlines and leases.

use super::*;
use crate::fixtures::{ALICE, grant, id, key, now, owner, session_of, sized_plan};
use crate::parts::PartPlan;
use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;

fn at(seconds: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn upload(name: &str) -> String {
    name.to_owned()
}

fn lease(holder: &str, until: i64) -> Lease {
    Lease { holder: holder.to_owned(), until: at(until) }
}

fn object() -> Completed {
    Completed { version: "v".to_owned(), etag: ETag::parse("e-3").unwrap() }
}

fn states() -> [State; 8] {
    let completing = |until| {
        State::Completing(Completing {
            upload: upload("u"),
            lease: lease("me", until),
            request: CompletionRequest::default(),
        })
    };
    [
        State::Opening,
        State::Open { upload: upload("u") },
        completing(10),
        completing(0),
        State::Completed(object()),
        State::Aborted(Cleanup::AnyUpload),
        State::Expired(Cleanup::Upload(upload("u"))),
        State::Aborted(Cleanup::Done),
    ]
}

fn events() -> [Event; 14] {
    [
        Event::Created { upload: upload("n") },
        Event::Recreated { lost: upload("u"), upload: upload("n") },
        Event::Used,
        Event::PartsSummed,
        Event::Leased(lease("you", 20), CompletionRequest::default()),
        Event::Renewed(lease("me", 20)),
        Event::Released { holder: "me".to_owned() },
        Event::Completed(object()),
        Event::Aborted,
        Event::Expired,
        Event::CleanedUp,
        Event::VerdictMissing,
        Event::VerdictFound,
        Event::Redacted,
    ]
}

#[test]
fn each_event_in_each_state() {
    // The columns are `events()`; "." is an invalid transition.
    let table = [
        "open . . . . . . . aborted expired . . . opening",
        ". open open open completing . . completed aborted expired . . . open",
        ". open . . . completing open completed . . . . . completing",
        ". open . . completing completing open completed . . . . . completing",
        ". . . . . . . . . . . . . completed",
        ". . . . . . . . . . aborted . . aborted",
        ". . . . . . . . . . expired . . expired",
        ". . . . . . . . . . aborted . . aborted",
    ];
    for (state, row) in states().into_iter().zip(table) {
        // After its deadline, so that `Expired` is possible.
        let session = Session { state, deadline: at(-1), summed_at: at(-3600), ..session_of(&key(ALICE, id(1)), 3) };
        for (event, expected) in events().into_iter().zip(row.split(' ')) {
            let next = session.step(event.clone(), at(0));
            let got = next.as_ref().map_or(".", |next| next.state.name());
            assert_eq!(got, expected, "{:?} {event:?}", session.state);
            if let Ok(next) = next {
                assert_eq!(next.revision, session.revision + 1);
                let recreated = matches!(event, Event::Recreated { .. });
                assert_eq!(next.generation, session.generation + u32::from(recreated));
            }
        }
    }
}

#[test]
fn redaction_removes_name_metadata_and_checksum_only() {
    for state in states() {
        let session = Session { state, ..session_of(&key(ALICE, id(1)), 3) };
        let redacted = session.step(Event::Redacted, at(0)).unwrap();
        assert_eq!(redacted.grant, session.grant.redacted());
        assert!(!redacted.grant.filename.as_str().contains("photo"));
        assert!(redacted.grant.metadata.is_empty() && redacted.grant.checksum.is_none());
        let restored = Session { grant: session.grant.clone(), revision: session.revision, ..redacted.clone() };
        assert_eq!(restored, session);
        assert_eq!(redacted.step(Event::Redacted, at(1)), Err(InvalidTransition), "it is redacted already");
    }
}

#[test]
fn recreation_needs_the_lost_upload_id_and_release_needs_the_holder() {
    let open = Session { state: State::Open { upload: upload("u") }, ..session_of(&key(ALICE, id(1)), 3) };
    let other = Event::Recreated { lost: upload("x"), upload: upload("n") };
    assert_eq!(open.step(other, at(0)), Err(InvalidTransition));
    let leased = open.step(Event::Leased(lease("me", 10), CompletionRequest::default()), at(0)).unwrap();
    assert_eq!(leased.step(Event::Released { holder: "you".to_owned() }, at(0)), Err(InvalidTransition));
    assert_eq!(leased.step(Event::Renewed(lease("you", 99)), at(0)), Err(InvalidTransition));
    assert_eq!(leased.due(), Some(at(10)));
}

#[test]
fn a_lease_is_exclusive_until_it_runs_out() {
    let open = Session { state: State::Open { upload: upload("u") }, ..session_of(&key(ALICE, id(1)), 3) };
    let leased = open.step(Event::Leased(lease("me", 10), CompletionRequest::default()), at(0)).unwrap();
    let take_lease = |now| leased.step(Event::Leased(lease("you", 20), CompletionRequest::default()), now);
    let instant = SignedDuration::from_nanos(1);
    assert_eq!(take_lease(at(10).checked_sub(instant).unwrap()), Err(InvalidTransition));
    assert!(take_lease(at(10)).is_ok());
}

#[test]
fn use_extends_a_session_and_an_unsized_one_lives_48_hours() {
    let open = Session { state: State::Open { upload: upload("u") }, ..session_of(&key(ALICE, id(1)), 3) };
    let week = 7 * 24 * 3600;
    assert_eq!(open.deadline, at(week));
    let just_before = |n: i64| at(n).checked_sub(SignedDuration::from_nanos(1)).unwrap();
    assert!(!open.is_over(just_before(week)));
    assert!(open.is_over(at(week)));
    assert_eq!(open.step(Event::Expired, just_before(week)), Err(InvalidTransition));
    assert!(!open.should_record_use(at(week / 8)));
    assert!(open.should_record_use(at(week / 8 + 1)));
    assert_eq!(open.step(Event::Used, at(1000)).unwrap().deadline, at(week + 1000));
    assert_eq!(open.due(), Some(at(week)));

    let limit = ByteSize::from_bytes(100 << 20);
    let plan = PartPlan::unsized_up_to(limit, ByteSize::from_bytes(8 << 20), StoreLimits::S3);
    let terms = SessionTerms { session_life: std::time::Duration::from_hours(48), ..open.terms };
    let fixed = Session::new(key(ALICE, id(2)), grant(&owner(ALICE), 3), plan, terms, now());
    let fixed = fixed.step(Event::Created { upload: upload("u") }, now()).unwrap();
    let two_days = 48 * 3600;
    assert!(!fixed.should_record_use(at(two_days - 1)));
    assert_eq!(fixed.step(Event::Used, at(1000)).unwrap().deadline, at(two_days));
    // The reconciler checks it every hour, and at its deadline at the latest.
    assert_eq!(fixed.due(), Some(at(3600)));
    assert_eq!(fixed.step(Event::PartsSummed, at(two_days - 10)).unwrap().due(), Some(at(two_days)));
}

#[test]
fn an_aborted_session_is_due_until_it_is_cleaned_up() {
    let session = session_of(&key(ALICE, id(1)), 3);
    assert_eq!(session.plan, sized_plan(3));
    assert_eq!(session.due(), Some(at(15 * 60)));
    let aborted = session.step(Event::Aborted, at(5)).unwrap();
    assert!(aborted.due().is_some_and(|due| due <= at(5)));
    assert_eq!(aborted.step(Event::CleanedUp, at(6)).unwrap().due(), None);
}

#[test]
fn a_slow_upload_is_checked_for_its_verdict() {
    let (quarter, instant) = (15 * 60, SignedDuration::from_millis(1));
    let open = Session { state: State::Open { upload: upload("u") }, ..session_of(&key(ALICE, id(0)), 3) };
    let complete = |at: Timestamp| open.step(Event::Completed(object()), at).unwrap();
    for fast in [at(-1), at(0), at(quarter)] {
        let validated = complete(fast);
        assert_eq!((validated.verdict_due, validated.due()), (None, None), "{fast}");
        for event in [Event::VerdictMissing, Event::VerdictFound] {
            assert_eq!(validated.step(event, fast), Err(InvalidTransition));
        }
    }
    let slow = complete(at(quarter).checked_add(instant).unwrap());
    assert_eq!(slow.due(), at(2 * quarter).checked_add(instant).ok());
    let requeued = slow.step(Event::VerdictMissing, at(3600)).unwrap();
    assert_eq!((requeued.due(), &requeued.state), (Some(at(25 * 3600)), &State::Completed(object())));
    for waiting in [slow, requeued] {
        let validated = waiting.step(Event::VerdictFound, at(7200)).unwrap();
        assert_eq!((validated.due(), &validated.state), (None, &State::Completed(object())));
        assert_eq!(validated.step(Event::VerdictMissing, at(7201)), Err(InvalidTransition), "it has its verdict");
    }
}
