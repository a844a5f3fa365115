//! Uploads in parts that took long, and whose event was lost.

use shared::testing::contract::judged;
use shared::upload::{Judged, Outcome, Pending};

use super::*;

type Clock = fn() -> Timestamp;
type Of<'a> = &'a dyn Fn(&ObjectKey, &str) -> Record;

/// Later than the walk looks, and within a session's life.
pub(super) fn in_five_days() -> Timestamp {
    later(now(), days(5))
}

fn minutes(after: i64) -> Timestamp {
    later(in_five_days(), SignedDuration::from_mins(after))
}

/// Completes an upload at some time, and says which version nobody heard of.
pub(super) async fn complete(world: &World, key: &ObjectKey, at: Clock) -> String {
    let session = world.whole(key).await;
    let deadline = later(now(), days(7));
    world.records.store_session(Session { deadline, ..session });
    let until = Instant::now() + Duration::from_mins(1);
    let wanted = Wanted::default();
    let done = world.multipart(at).complete(key, &wanted, "me", StoreLimits::S3, until).await.unwrap();
    let Completion::Done(Session { state: State::Completed(whole), .. }) = done else { panic!("{done:?}") };
    whole.version
}

/// A world whose walk does not look far back.
fn unheard() -> (World, ObjectKey) {
    (World { days: Some("2"), ..World::default() }, key(ALICE, id(0)))
}

#[tokio::test]
async fn the_validator_is_told_until_there_is_a_verdict() {
    let (world, key) = unheard();
    let version = complete(&world, &key, in_five_days).await;
    let turns: [(Clock, Clock); 2] = [
        (|| later(minutes(15), SignedDuration::from_millis(-1)), || minutes(15)),
        (|| later(minutes(15), days(1) - SignedDuration::from_millis(1)), || later(minutes(15), days(1))),
    ];
    for (n, (before, due)) in turns.into_iter().enumerate() {
        assert_eq!(figures(&world.run(before).await), [], "the verdict may be on its way");
        assert_eq!(figures(&world.run(due).await), [(Count::ObjectsRequeued, 1)]);
        assert_eq!(figures(&world.run(due).await), [], "and not at every run");
        assert_eq!(world.events.sent().len(), n + 1);
        assert_eq!(walks::sent(&world), [(key.to_string(), version.clone())].into());
    }
    world.records.judge(&judged(&key, &version, Outcome::Accepted)).await.unwrap();
    assert_eq!(figures(&world.run(|| later(minutes(15), days(2))).await), []);
    assert_eq!(world.records.session_of(key.id()).unwrap().due(), None);
}

#[tokio::test]
async fn what_has_its_verdict_is_let_go_and_what_should_have_gone_is_sent() {
    let of = |key: &ObjectKey, version: &str, outcome| {
        Box::new(Judged { judged_at: minutes(1), ..judged(key, version, outcome) })
    };
    let records: [(bool, Of<'_>); 6] = [
        (false, &|key, version| Record::Judged(of(key, version, Outcome::Accepted))),
        (false, &|key, version| Record::Pending(Pending::Content(of(key, version, Outcome::Accepted)))),
        (true, &|key, version| Record::Judged(of(key, version, Outcome::Rejected))),
        (true, &|key, _| Record::Judged(of(key, "another", Outcome::Rejected))),
        (true, &|key, _| Record::Judged(of(key, "another", Outcome::Accepted))),
        (true, &|key, _| Record::Deleted(key.clone())),
    ];
    for (stray, record) in records {
        let (world, key) = unheard();
        let version = complete(&world, &key, in_five_days).await;
        let record = record(&key, &version);
        world.records.store(record.clone());
        world.run(|| minutes(15)).await;
        assert_eq!((world.events.sent().len(), world.records.stored()), (usize::from(stray), vec![record.clone()]));
        let due = world.records.session_of(key.id()).unwrap().due();
        assert_eq!(due, stray.then(|| later(minutes(15), days(1))), "{record:?}");
        world.objects.delete_version(&key, &version).await.unwrap();
        world.run(|| later(minutes(15), days(1))).await;
        assert_eq!(world.records.session_of(key.id()).unwrap().due(), None, "{record:?}");
        assert!(world.events.sent().len() <= 1, "of what is gone nobody is told");
    }
}

#[tokio::test]
async fn what_somebody_took_away_unjudged_is_asked_for_no_more() {
    let (world, key) = unheard();
    let version = complete(&world, &key, in_five_days).await;
    world.objects.delete_version(&key, &version).await.unwrap();
    assert_eq!(figures(&world.run(|| minutes(15)).await), []);
    assert_eq!(world.records.session_of(key.id()).unwrap().due(), None);
}

/// S3 dates an object by when its upload was begun: by the time it is there, its turn in the walk may have passed.
#[tokio::test]
async fn what_came_too_late_for_its_turn_is_found_in_time() {
    let after = |mins| later(now(), SignedDuration::from_mins(mins));
    let quarter: Clock = || later(now(), SignedDuration::from_mins(15));
    let (world, key) = unheard();
    complete(&world, &key, || later(now(), SignedDuration::from_mins(14))).await;
    assert_eq!(world.records.session_of(key.id()).unwrap().due(), None);
    assert_eq!(world.run(quarter).await.count(Count::ObjectsRequeued), 1, "by the walk");

    let (world, key) = unheard();
    assert_eq!(figures(&world.run(quarter).await), []);
    complete(&world, &key, || later(now(), SignedDuration::from_mins(16))).await;
    assert_eq!(world.records.session_of(key.id()).unwrap().due(), Some(after(31)));
    assert_eq!(figures(&world.run(|| later(now(), SignedDuration::from_mins(30))).await), []);
    assert_eq!(world.run(|| later(now(), SignedDuration::from_mins(31))).await.count(Count::ObjectsRequeued), 1);
}
