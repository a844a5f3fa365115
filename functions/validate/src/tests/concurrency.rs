//! A call that hangs delays no other event, and the number of concurrent calls is limited.

use std::sync::atomic::{AtomicUsize, Ordering};

use content_sniff::ByteRange;
use policy::observed::ObservedObject;
use uploads_core::ports::objects::ObjectsError;

use super::*;

/// A bucket in which a HEAD takes 100 ms, and never returns for the key `stuck`.
struct SlowBucket<'a> {
    objects: &'a MemoryObjects,
    stuck: Option<&'a ObjectKey>,
    running: AtomicUsize,
    peak: AtomicUsize,
}

impl<'a> SlowBucket<'a> {
    fn over(fixture: &'a Fixture, stuck: Option<&'a ObjectKey>) -> Self {
        Self { objects: &fixture.objects, stuck, running: AtomicUsize::new(0), peak: AtomicUsize::new(0) }
    }

    async fn delay(&self, key: &ObjectKey) {
        if self.stuck == Some(key) {
            return std::future::pending().await;
        }
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(running, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Objects for SlowBucket<'_> {
    async fn head(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<ObservedObject>, ObjectsError> {
        self.delay(key).await;
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

/// Uploads `n` valid objects, and returns a batch with a message for each.
fn batch(fixture: &Fixture, n: u16) -> Value {
    let messages: Vec<Value> = (0..n)
        .map(|n| {
            let key = key(ALICE, id(n));
            let version = fixture.put(&key, PNG.len(), PNG);
            message(&n.to_string(), &direct(&[created(&key, &version)]))
        })
        .collect();
    direct(&messages)
}

#[tokio::test(start_paused = true)]
async fn only_the_message_that_hangs_is_delivered_again() {
    let fixture = Fixture::default();
    let stuck = key(ALICE, id(4));
    let event = batch(&fixture, 40);
    let objects = SlowBucket::over(&fixture, Some(&stuck));
    let deps = Deps { config: config(&[]), records: MemoryRecords::default(), objects, env: env() };
    let start = tokio::time::Instant::now();
    let answer = deps.handle(event, in_a_minute()).await.unwrap();
    assert_eq!(failures(&answer), BTreeSet::from(["4"]));
    assert!(start.elapsed() + DEADLINE_MARGIN <= Duration::from_mins(1), "before the deadline");
    assert_eq!(deps.records.stored().len(), 39);
    assert_eq!(deps.records.record(id(4)), None);
}

#[tokio::test(start_paused = true)]
async fn at_most_sixteen_objects_are_validated_at_a_time() {
    for (n, peak) in [(1, 1), (MAX_CONCURRENCY - 1, MAX_CONCURRENCY - 1), (1000, MAX_CONCURRENCY)] {
        let fixture = Fixture::default();
        let event = batch(&fixture, u16::try_from(n).unwrap());
        let objects = SlowBucket::over(&fixture, None);
        let deps = Deps { config: config(&[]), records: MemoryRecords::default(), objects, env: env() };
        assert!(failures(&deps.handle(event, in_a_minute()).await.unwrap()).is_empty());
        assert_eq!(deps.objects.peak.load(Ordering::SeqCst), peak, "{n}");
    }
}
