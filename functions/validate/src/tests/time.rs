//! One object that S3 doesn't answer for holds nobody up, and a large batch does not ask for everything at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use shared::objects::ObjectsError;
use shared::sniff::ByteRange;
use shared::verdict::Observed;

use super::*;

/// A bucket that says nothing of one key, and takes its time over all others.
struct Slow<'a> {
    objects: &'a MemoryObjects,
    stuck: Option<&'a ObjectKey>,
    looking: AtomicUsize,
    peak: AtomicUsize,
}

impl<'a> Slow<'a> {
    fn over(world: &'a World, stuck: Option<&'a ObjectKey>) -> Self {
        Self { objects: &world.objects, stuck, looking: AtomicUsize::new(0), peak: AtomicUsize::new(0) }
    }

    async fn take_time(&self, key: &ObjectKey) {
        if self.stuck == Some(key) {
            return std::future::pending().await;
        }
        let looking = self.looking.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(looking, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.looking.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Objects for Slow<'_> {
    async fn head(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<Observed>, ObjectsError> {
        self.take_time(key).await;
        self.objects.head(key, version).await
    }

    async fn read(&self, key: &ObjectKey, version: &str, range: ByteRange) -> Result<Option<Vec<u8>>, ObjectsError> {
        self.objects.read(key, version, range).await
    }

    async fn delete_version(&self, key: &ObjectKey, version: &str) -> Result<(), ObjectsError> {
        self.objects.delete_version(key, version).await
    }

    async fn versions(&self, key: &ObjectKey) -> Result<Vec<String>, ObjectsError> {
        self.objects.versions(key).await
    }
}

/// `n` good uploads, with a message for each.
fn batch(world: &World, n: u16) -> Value {
    let messages: Vec<Value> = (0..n)
        .map(|n| {
            let key = key(ALICE, id(n));
            let version = world.put(&key, PNG.len(), PNG);
            message(&n.to_string(), &direct(&[created(&key, &version)]))
        })
        .collect();
    direct(&messages)
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_handed_back_alone() {
    let world = World::default();
    let stuck = key(ALICE, id(4));
    let event = batch(&world, 40);
    let objects = Slow::over(&world, Some(&stuck));
    let deps = Deps { config: config(&[]), records: MemoryRecords::default(), objects, ambient: ambient() };
    let began = tokio::time::Instant::now();
    let answer = handle(&deps, event, in_a_minute()).await.unwrap();
    assert_eq!(failures(&answer), BTreeSet::from(["4"]));
    assert!(began.elapsed() + MARGIN <= Duration::from_mins(1), "in time to say so");
    assert_eq!(deps.records.stored().len(), 39);
    assert_eq!(deps.records.record(id(4)), None);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_sixteen_are_looked_at_side_by_side() {
    for (n, peak) in [(1, 1), (SIDE_BY_SIDE - 1, SIDE_BY_SIDE - 1), (1000, SIDE_BY_SIDE)] {
        let world = World::default();
        let event = batch(&world, u16::try_from(n).unwrap());
        let objects = Slow::over(&world, None);
        let deps = Deps { config: config(&[]), records: MemoryRecords::default(), objects, ambient: ambient() };
        assert!(failures(&handle(&deps, event, in_a_minute()).await.unwrap()).is_empty());
        assert_eq!(deps.objects.peak.load(Ordering::SeqCst), peak, "{n}");
    }
}
