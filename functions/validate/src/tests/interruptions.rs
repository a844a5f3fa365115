//! Killed or refused at every call, and delivered again: the same end.

use super::*;

/// A way for things to be before an event arrives.
struct Story {
    name: &'static str,
    first: &'static [u8],
    /// Whether the first version was judged already and this is the event of a second one.
    replayed: bool,
    buried: bool,
    versioned: bool,
}

const STORIES: [Story; 7] = [
    Story { name: "accepted", first: PNG, replayed: false, buried: false, versioned: true },
    Story { name: "accepted without a version", first: PNG, replayed: false, buried: false, versioned: false },
    Story { name: "rejected", first: b"text", replayed: false, buried: false, versioned: true },
    Story { name: "empty", first: b"", replayed: false, buried: false, versioned: true },
    Story { name: "replayed when accepted", first: PNG, replayed: true, buried: false, versioned: true },
    Story { name: "replayed when rejected", first: b"text", replayed: true, buried: false, versioned: true },
    Story { name: "late after a delete", first: PNG, replayed: false, buried: true, versioned: true },
];

impl Story {
    async fn begin(&self) -> (World, Value) {
        let world = World::default();
        let key = key(ALICE, id(1));
        let mut version = world.put(&key, PNG.len(), self.first);
        if self.replayed {
            world.handle(direct(&[created(&key, &version)])).await.unwrap();
            version = world.put(&key, PNG.len(), PNG);
        }
        if self.buried {
            world.records.store(Record::Deleting(key.clone()));
        }
        let mut record = created(&key, &version);
        if !self.versioned {
            record["s3"]["object"].as_object_mut().unwrap().remove("versionId");
        }
        (world, direct(&[message("1", &direct(&[record]))]))
    }
}

fn state(world: &World) -> (Vec<Record>, Vec<String>) {
    (world.records.stored(), world.objects.kept(&key(ALICE, id(1))))
}

#[tokio::test]
async fn killed_at_any_await_and_delivered_again_it_ends_the_same() {
    for story in STORIES {
        let (calm, event) = story.begin().await;
        calm.handle(event).await.unwrap();
        for moment in [Moment::Before, Moment::After] {
            let mut n = 0;
            loop {
                let (world, event) = story.begin().await;
                let trouble = Interruption::at(n, moment, Kind::Kill);
                let finished = world.handle_under(&trouble, event.clone()).await.is_some();
                let answer = world.handle(event).await.unwrap();
                assert!(failures(&answer).is_empty());
                assert_eq!(state(&world), state(&calm), "{}, killed at call {n}, {moment:?}", story.name);
                if finished {
                    break;
                }
                n += 1;
            }
            assert!(n >= 3, "{}: {n} calls", story.name);
        }
    }
}

#[tokio::test]
async fn a_fault_of_any_call_brings_the_message_again_and_loses_nothing() {
    for story in STORIES {
        let (calm, event) = story.begin().await;
        calm.handle(event).await.unwrap();
        for moment in [Moment::Before, Moment::After] {
            let mut n = 0;
            loop {
                let (world, event) = story.begin().await;
                let trouble = Interruption::at(n, moment, Kind::Fault);
                let answer = world.handle_under(&trouble, event.clone()).await.unwrap().unwrap();
                let happened = trouble.calls() > n;
                assert_eq!(failures(&answer).contains("1"), happened, "{}, call {n}", story.name);
                world.handle(event).await.unwrap();
                assert_eq!(state(&world), state(&calm), "{}, failed at call {n}, {moment:?}", story.name);
                if !happened {
                    break;
                }
                n += 1;
            }
        }
    }
}

#[tokio::test]
async fn an_outage_brings_everything_again() {
    let world = World::default();
    let records: Vec<Value> = (0..100)
        .map(|n| {
            let key = key(ALICE, id(n));
            created(&key, &world.put(&key, PNG.len(), PNG))
        })
        .collect();
    let batch: Vec<Value> = records
        .iter()
        .enumerate()
        .map(|(n, record)| message(&n.to_string(), &direct(std::slice::from_ref(record))))
        .collect();
    let answer = world.handle_under(&Interruption::outage(), direct(&batch)).await.unwrap().unwrap();
    assert_eq!(failures(&answer).len(), 100);
    let retry = world.handle_under(&Interruption::outage(), direct(&records)).await.unwrap().unwrap_err();
    assert!(matches!(retry, Retry::Some(100)));
    assert_eq!(Diagnostic::from(retry).error_type, "MustComeAgain");
    assert!(world.records.is_empty());
    world.handle(direct(&batch)).await.unwrap();
    assert_eq!(world.records.stored().len(), 100);
}

#[tokio::test]
async fn without_time_left_everything_is_handed_back_untouched() {
    let world = World::default();
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), PNG);
    let event = direct(&[message("1", &direct(&[created(&key, &version)]))]);
    let trouble = Interruption::none();
    let deps = Deps {
        config: config(&[]),
        records: trouble.of(&world.records),
        objects: trouble.of(&world.objects),
        ambient: ambient(),
    };
    for deadline in [SystemTime::UNIX_EPOCH, SystemTime::now(), SystemTime::now() + MARGIN] {
        let answer = handle(&deps, event.clone(), deadline).await.unwrap();
        assert_eq!(failures(&answer), BTreeSet::from(["1"]));
    }
    assert_eq!(trouble.calls(), 0);
    assert!(world.records.is_empty());
}

#[tokio::test]
async fn a_verdict_costs_one_head_one_read_and_one_write() {
    let world = World::default();
    for (n, bytes, calls) in [(1, PNG, 3), (2, b"MZ\x90\0 is no picture".as_slice(), 4)] {
        let key = key(ALICE, id(n));
        let version = world.put(&key, bytes.len(), bytes);
        let event = direct(&[message("1", &direct(&[created(&key, &version)]))]);
        let counted = Interruption::none();
        world.handle_under(&counted, event).await.unwrap().unwrap();
        // A rejection costs one call more: the version goes.
        assert_eq!(counted.calls(), calls, "upload {n}");
    }
}
