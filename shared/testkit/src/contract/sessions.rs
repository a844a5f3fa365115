//! The contract of multipart sessions.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{fresh_key, fresh_owner};
use crate::{fresh_id, session_of};
use policy::checksum::Checksum;
use policy::key::ObjectKey;
use policy::parts::{ETag, PartPlan};
use policy::s3_limits::StoreLimits;
use policy::session::{Completed, CompletionRequest, Event, Lease, Session, State};
use policy::size::ByteSize;
use policy::{SessionTerms, SizeGrant};
use uploads_core::ports::due_index::{Due, DueIndex};
use uploads_core::ports::sessions::{OpenOutcome, SessionWrite, Sessions};

/// Checks the contract of sessions.
pub async fn sessions(table: &(impl Sessions + DueIndex)) {
    what_is_opened_is_read(table).await;
    every_state_comes_back_as_it_was_written(table).await;
    a_change_needs_the_revision_before_it(table).await;
    a_lease_is_for_one_until_it_runs_out(table).await;
    what_is_due_is_found_until_it_is_over(table).await;
    sessions_without_a_size_are_counted(table).await;
}

fn after(time: Timestamp, millis: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_millis(millis)).expect("a timestamp")
}

/// The table compares milliseconds.
fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).expect("a timestamp")
}

fn lease(holder: &str, until: Timestamp) -> Lease {
    Lease { holder: holder.to_owned(), until }
}

fn completion_request() -> CompletionRequest {
    CompletionRequest { listed: Some("a hash".to_owned()), checksum: Checksum::parse("crc64nvme", "AAAAAAAAAAA=").ok() }
}

fn stands(session: &Session) -> SessionWrite {
    SessionWrite::Conflict(Some(Box::new(session.clone())))
}

/// The same id with another owner.
fn stolen(session: &Session) -> Session {
    Session { key: ObjectKey::new(fresh_owner(), session.key.id()), ..session.clone() }
}

async fn opened(table: &impl Sessions) -> Session {
    let session = session_of(&fresh_key(), 20_000_000);
    assert_eq!(table.open(&session).await.expect("an answer"), OpenOutcome::Written);
    session
}

async fn changed(table: &impl Sessions, session: &Session, event: Event, now: Timestamp) -> Session {
    let next = session.step(event, now).expect("a step");
    assert_eq!(table.change(&next).await.expect("an answer"), SessionWrite::Written(Box::new(next.clone())));
    assert_eq!(table.session(&next.key).await.expect("an answer"), Some(next.clone()));
    next
}

async fn begun(table: &impl Sessions) -> Session {
    let session = opened(table).await;
    changed(table, &session, Event::Created { upload: "u".to_owned() }, now()).await
}

async fn what_is_opened_is_read(table: &impl Sessions) {
    assert_eq!(table.session(&fresh_key()).await.expect("an answer"), None);
    let session = opened(table).await;
    let other = Session { generation: 7, ..session_of(&session.key, 5) };
    for again in [&session, &other] {
        let answer = table.open(again).await.expect("an answer");
        assert_eq!(answer, OpenOutcome::AlreadyExists(Box::new(session.clone())));
    }
    assert_eq!(table.session(&session.key).await.expect("an answer"), Some(session.clone()));
    let stolen = stolen(&session).key;
    assert_eq!(table.session(&stolen).await.expect("an answer"), None, "of another owner, so none");
}

async fn every_state_comes_back_as_it_was_written(table: &impl Sessions) {
    let now = now();
    let whole = Completed { version: "v.1".to_owned(), etag: ETag::parse("e-3").expect("an ETag") };
    let holder = || "me".to_owned();
    let open = begun(table).await;
    let open = changed(table, &open, Event::Used, now).await;
    let open = changed(table, &open, Event::Recreated { lost: "u".to_owned(), upload: "u2".to_owned() }, now).await;
    let at = changed(table, &open, Event::Leased(lease("me", now), completion_request()), now).await;
    let at = changed(table, &at, Event::Renewed(lease("me", after(now, 1))), now).await;
    let open = changed(table, &at, Event::Released { holder: holder() }, now).await;
    let at = changed(table, &open, Event::Leased(lease("me", now), CompletionRequest::default()), now).await;
    changed(table, &at, Event::Completed(whole), now).await;
    let unversioned = Completed { version: String::new(), etag: ETag::parse("e-1").expect("an ETag") };
    let late = after(now, 16 * 60_000);
    for (unjudged, at) in [(false, now), (false, late), (true, late)] {
        let whole = changed(table, &begun(table).await, Event::Completed(unversioned.clone()), at).await;
        if unjudged {
            let told = changed(table, &whole, Event::VerdictMissing, at).await;
            changed(table, &told, Event::VerdictFound, at).await;
        }
    }
    for left_in_s3 in [false, true] {
        for event in [Event::Aborted, Event::Expired] {
            let session = if left_in_s3 { begun(table).await } else { opened(table).await };
            let over = changed(table, &session, event, after(session.deadline, 0)).await;
            changed(table, &over, Event::CleanedUp, now).await;
        }
    }
    let odd = Session { plan: unsized_plan(), terms: odd_terms(), ..session_of(&fresh_key(), 1) };
    let size = SizeGrant::Between { min: ByteSize::ZERO, max: ByteSize::from_bytes(u64::MAX) };
    let grant = policy::Grant { size, ..odd.grant.clone() };
    let odd = Session { grant, ..odd };
    assert_eq!(table.open(&odd).await.expect("an answer"), OpenOutcome::Written);
    assert_eq!(table.session(&odd.key).await.expect("an answer"), Some(odd));
}

fn unsized_plan() -> PartPlan {
    PartPlan::unsized_up_to(ByteSize::from_bytes(50 << 40), ByteSize::from_bytes(8 << 20), StoreLimits::S3)
}

fn odd_terms() -> SessionTerms {
    let algorithm = policy::checksum::ChecksumAlgorithm::Crc32c;
    let (url_life, session_life) = (Duration::from_secs(1), Duration::from_hours(48));
    SessionTerms { url_life, session_life, part_checksum: Some(algorithm) }
}

async fn a_change_needs_the_revision_before_it(table: &impl Sessions) {
    let now = now();
    let never = session_of(&fresh_key(), 1).step(Event::Aborted, now).expect("a step");
    assert_eq!(table.change(&never).await.expect("an answer"), SessionWrite::Conflict(None));
    assert_eq!(table.session(&never.key).await.expect("an answer"), None);

    let first = opened(table).await;
    let begun = changed(table, &first, Event::Created { upload: "u".to_owned() }, now).await;
    // A write that is based on the first revision fails.
    for late in [Event::Created { upload: "other".to_owned() }, Event::Aborted] {
        let late = first.step(late, now).expect("a step");
        assert_eq!(table.change(&late).await.expect("an answer"), stands(&begun));
    }
    // A write that is repeated after a lost answer is written once.
    assert_eq!(table.change(&begun).await.expect("an answer"), SessionWrite::Written(Box::new(begun.clone())));
    let skipped = Session { revision: begun.revision + 2, ..begun.clone() };
    assert_eq!(table.change(&skipped).await.expect("an answer"), stands(&begun));
    let stolen = stolen(&begun).step(Event::Aborted, now).expect("a step");
    assert_eq!(table.change(&stolen).await.expect("an answer"), SessionWrite::Conflict(None), "of another owner");
    assert_eq!(table.session(&begun.key).await.expect("an answer"), Some(begun));
}

async fn a_lease_is_for_one_until_it_runs_out(table: &impl Sessions) {
    let now = now();
    let until = after(now, 30_000);
    let mine = lease("mine", until);
    let refused = async |session: &Session, at| {
        let answer = table.lease(&session.key, &lease("other", after(at, 1)), &completion_request(), at).await;
        assert_eq!(answer.expect("an answer"), stands(session));
        assert_eq!(table.session(&session.key).await.expect("an answer"), Some(session.clone()));
    };
    let absent = table.lease(&fresh_key(), &mine, &completion_request(), now).await.expect("an answer");
    assert_eq!(absent, SessionWrite::Conflict(None));
    refused(&opened(table).await, now).await;

    let open = begun(table).await;
    let foreign = stolen(&open).key;
    let answer = table.lease(&foreign, &mine, &completion_request(), now).await.expect("an answer");
    assert_eq!(answer, SessionWrite::Conflict(None), "of another owner");

    let leased = open.step(Event::Leased(mine.clone(), completion_request()), now).expect("a step");
    let answer = table.lease(&open.key, &mine, &completion_request(), now).await.expect("an answer");
    assert_eq!(answer, SessionWrite::Written(Box::new(leased.clone())));
    let again = table.lease(&open.key, &mine, &completion_request(), now).await.expect("an answer");
    assert_eq!(again, SessionWrite::Written(Box::new(leased.clone())), "sent twice");
    for at in [now, after(until, -1)] {
        refused(&leased, at).await;
    }
    // From its end on another process may take the lease, with its own request.
    let theirs = lease("theirs", after(until, 30_000));
    let taken = leased.step(Event::Leased(theirs.clone(), CompletionRequest::default()), until).expect("a step");
    let answer = table.lease(&open.key, &theirs, &CompletionRequest::default(), until).await.expect("an answer");
    assert_eq!(answer, SessionWrite::Written(Box::new(taken.clone())));
    // The previous holder can no longer write.
    let late = leased.step(Event::Released { holder: "mine".to_owned() }, until).expect("a step");
    assert_eq!(table.change(&late).await.expect("an answer"), stands(&taken));
    let open = changed(table, &taken, Event::Released { holder: "theirs".to_owned() }, until).await;
    let over = changed(table, &open, Event::Aborted, until).await;
    refused(&over, after(until, 100_000)).await;
    refused(&changed(table, &over, Event::CleanedUp, until).await, after(until, 100_000)).await;
}

async fn what_is_due_is_found_until_it_is_over(table: &(impl Sessions + DueIndex)) {
    // In the past, so that all other items of the table are due later.
    let moment = after(Timestamp::UNIX_EPOCH, 86_400_000 + Timestamp::now().as_millisecond() / 1000);
    let mut mine = Vec::new();
    for _ in 0..40 {
        let leased = State::Completing(policy::session::Completing {
            upload: "u".to_owned(),
            lease: lease("me", moment),
            request: CompletionRequest::default(),
        });
        let session = Session { state: leased, ..session_of(&fresh_key(), 1) };
        assert_eq!(session.due(), Some(moment));
        table.open(&session).await.expect("an answer");
        mine.push(session);
    }
    let keys = |sessions: &[Session]| sessions.iter().map(|s| s.key.to_string()).collect::<BTreeSet<_>>();
    let due = async |at| {
        let all = table.due(at, u16::MAX).await.expect("an answer");
        let all: BTreeSet<String> = all.iter().map(|due| due.key().to_string()).collect();
        all.intersection(&keys(&mine)).cloned().collect::<BTreeSet<_>>()
    };
    assert_eq!(due(moment).await, keys(&mine), "over all partitions of the index");
    assert_eq!(due(after(moment, -1)).await, BTreeSet::new());
    for limit in [0, 1, 7] {
        assert_eq!(table.due(moment, limit).await.expect("an answer").len(), usize::from(limit));
    }
    // A used session is due later; a finished one is never due.
    let mut left = mine.clone();
    let renewed = left.remove(0);
    let renewed = changed(table, &renewed, Event::Renewed(lease("me", after(moment, 1))), moment).await;
    assert_eq!(due(moment).await, keys(&left));
    assert_eq!(due(after(moment, 1)).await, keys(&mine));
    left.push(renewed);
    let whole = Completed { version: "v".to_owned(), etag: ETag::parse("e-1").expect("an ETag") };
    for session in &left {
        changed(table, session, Event::Completed(whole.clone()), moment).await;
    }
    assert_eq!(due(Timestamp::now()).await, BTreeSet::new());
    // A session that took long is due until its object has a verdict.
    let late = after(now(), 16 * 60_000);
    let late = changed(table, &begun(table).await, Event::Completed(whole), late).await;
    let is_due = async |at| table.due(at, u16::MAX).await.expect("an answer").contains(&Due::Session(late.key.clone()));
    let due = late.verdict_due.expect("a time");
    assert!(!is_due(after(due, -1)).await && is_due(due).await);
    changed(table, &late, Event::VerdictFound, due).await;
    assert!(!is_due(Timestamp::MAX).await);
    // A closed session is due until S3 holds nothing of it.
    let ended = begun(table).await;
    let ended = changed(table, &ended, Event::Aborted, now()).await;
    let all = table.due(Timestamp::now(), u16::MAX).await.expect("an answer");
    assert!(all.contains(&Due::Session(ended.key.clone())));
    changed(table, &ended, Event::CleanedUp, now()).await;
    let all = table.due(Timestamp::MAX, u16::MAX).await.expect("an answer");
    assert!(!all.contains(&Due::Session(ended.key)), "nothing is left to do");
}

async fn sessions_without_a_size_are_counted(table: &impl Sessions) {
    let (owner, other) = (fresh_owner(), fresh_owner());
    let ids = [fresh_id(), fresh_id(), fresh_id(), fresh_id()];
    let count = async |id, most| table.count_unsized(&owner, id, most).await.expect("an answer");
    table.discount_unsized(&owner, ids[0]).await.expect("nothing to discount is fine");
    assert!(!count(ids[0], 0).await, "none at all are allowed");
    for id in [ids[0], ids[1], ids[2], ids[0], ids[2]] {
        assert!(count(id, 3).await);
    }
    assert!(!count(ids[3], 3).await, "there are three others");
    assert!(!count(ids[3], 2).await);
    assert!(count(ids[0], 0).await, "who is in stays in");
    assert!(table.count_unsized(&other, ids[3], 1).await.expect("an answer"), "each owner for themselves");
    for _ in 0..2 {
        table.discount_unsized(&owner, ids[1]).await.expect("an answer");
    }
    assert!(count(ids[3], 3).await);
    assert!(!count(ids[1], 3).await);
    assert!(count(ids[1], 4).await);
    // A large count uses several items.
    for id in ids {
        assert!(count(id, 100_000).await && count(id, 100_000).await);
        table.discount_unsized(&owner, id).await.expect("an answer");
    }
    assert!(count(ids[0], 1).await, "nobody is left anywhere");
}
