//! Fault injection: a call is killed or fails, before or after it takes effect.

mod reconciling;
mod sessions;
mod webhooks;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::Random;
use content_sniff::ByteRange;
use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::observed::ObservedObject;
use policy::upload::{Pending, Record, ValidatedUpload};
use uploads_core::ports::event_bus::{Bus, BusError, Event, Refused};
use uploads_core::ports::objects::{Objects, ObjectsError};
use uploads_core::ports::records::{
    IdempotencyOutcome, IdempotencyStore, Page, RecordsError, UploadRecords, WriteOutcome,
};

/// When a call is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultPoint {
    /// Before it takes effect.
    Before,
    /// After it took effect, without an answer.
    After,
}

/// How a call is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The process is killed: the call never returns, and its caller is dropped.
    Kill,
    /// The call returns a transient error.
    Fault,
    /// Its answer is lost and the SDK repeats it: the second answer is returned.
    Repeat,
}

/// Interrupts one call among all calls of the ports that share it, or none, or every one.
#[derive(Debug, Default)]
pub struct FaultInjector {
    plan: Option<(Option<usize>, FaultPoint, FaultKind)>,
    calls: AtomicUsize,
    killed: Notify,
    random: Option<RandomFaults>,
}

/// Random faults, and a task switch before and after every effect.
#[derive(Debug)]
struct RandomFaults {
    random: Random,
    faults_permille: AtomicUsize,
}

impl FaultInjector {
    /// Every way to interrupt a call.
    pub const WAYS: [(FaultPoint, FaultKind); 5] = [
        (FaultPoint::Before, FaultKind::Kill),
        (FaultPoint::After, FaultKind::Kill),
        (FaultPoint::Before, FaultKind::Fault),
        (FaultPoint::After, FaultKind::Fault),
        (FaultPoint::After, FaultKind::Repeat),
    ];

    /// Interrupts nothing and counts the calls.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The `n`-th call from now, counted from 0, is interrupted.
    #[must_use]
    pub fn at(n: usize, point: FaultPoint, kind: FaultKind) -> Self {
        Self { plan: Some((Some(n), point, kind)), ..Self::default() }
    }

    /// Every call fails without effect.
    #[must_use]
    pub fn outage() -> Self {
        Self { plan: Some((None, FaultPoint::Before, FaultKind::Fault)), ..Self::default() }
    }

    /// Interrupts nothing, but each call yields to other tasks, so that concurrent work really interleaves.
    #[must_use]
    pub fn interleaved() -> Self {
        Self::random(0, 0)
    }

    /// Of a thousand calls so many fail, half of them after they took effect. Every call yields before and after its effect,
    /// so that a test that polls by hand decides the order.
    #[must_use]
    pub fn random(seed: u64, faults_permille: usize) -> Self {
        let random = RandomFaults { random: Random::new(seed), faults_permille: AtomicUsize::new(faults_permille) };
        Self { random: Some(random), ..Self::default() }
    }

    /// Stops the random faults.
    pub fn stop(&self) {
        if let Some(random) = &self.random {
            random.faults_permille.store(0, Ordering::SeqCst);
        }
    }

    /// Sets how many of a thousand calls fail.
    pub fn inject(&self, permille: usize) {
        if let Some(random) = &self.random {
            random.faults_permille.store(permille, Ordering::SeqCst);
        }
    }

    /// The number of calls.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// `port` with this fault injection.
    pub fn of<'a, P>(&'a self, port: &'a P) -> FaultyPort<'a, P> {
        FaultyPort { port, faults: self }
    }

    /// Runs `work` to its end. If it is killed, it is dropped and the result is `None`.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.killed.notified() => None,
            done = work => Some(done),
        }
    }

    async fn call<T, E, C: Future<Output = Result<T, E>>>(
        &self,
        call: impl Fn() -> C,
        fault: impl Fn() -> E,
    ) -> Result<T, E> {
        let n = self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some(random) = &self.random {
            return random.call(call, fault).await;
        }
        let planned = self.plan.filter(|(at, ..)| at.is_none_or(|at| at == n));
        match planned {
            None => call().await,
            Some((_, point, kind)) => {
                if point == FaultPoint::After {
                    drop(call().await);
                }
                match kind {
                    FaultKind::Fault => Err(fault()),
                    FaultKind::Repeat => call().await,
                    FaultKind::Kill => {
                        self.killed.notify_one();
                        std::future::pending().await
                    }
                }
            }
        }
    }
}

impl RandomFaults {
    async fn call<T, E, C: Future<Output = Result<T, E>>>(
        &self,
        call: impl Fn() -> C,
        fault: impl Fn() -> E,
    ) -> Result<T, E> {
        let faults = self.faults_permille.load(Ordering::SeqCst);
        let (before, after) = (self.random.permille(faults / 2), self.random.permille(faults / 2));
        let repeated = self.random.permille(faults / 4);
        turn().await;
        if before {
            return Err(fault());
        }
        let mut answer = call().await;
        turn().await;
        if repeated {
            // The first answer was lost, and the SDK repeated the call.
            answer = call().await;
            turn().await;
        }
        if after { Err(fault()) } else { answer }
    }
}

/// Yields once.
pub async fn turn() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A port whose calls may be interrupted.
#[derive(Debug)]
pub struct FaultyPort<'a, P> {
    port: &'a P,
    faults: &'a FaultInjector,
}

fn table() -> RecordsError {
    RecordsError::Unavailable("interrupted".into())
}

fn bucket() -> ObjectsError {
    ObjectsError("interrupted".into())
}

impl<R: UploadRecords> UploadRecords for FaultyPort<'_, R> {
    async fn get(&self, id: UploadId) -> Result<Option<Record>, RecordsError> {
        self.faults.call(|| self.port.get(id), table).await
    }

    async fn put_verdict(&self, validated: &ValidatedUpload) -> Result<WriteOutcome, RecordsError> {
        self.faults.call(|| self.port.put_verdict(validated), table).await
    }

    async fn put_pending(&self, pending: &Pending) -> Result<WriteOutcome, RecordsError> {
        self.faults.call(|| self.port.put_pending(pending), table).await
    }

    async fn finalize(&self, validated: &ValidatedUpload) -> Result<WriteOutcome, RecordsError> {
        self.faults.call(|| self.port.finalize(validated), table).await
    }

    async fn write_tombstone(&self, key: &ObjectKey, now: Timestamp) -> Result<(), RecordsError> {
        self.faults.call(|| self.port.write_tombstone(key, now), table).await
    }

    async fn mark_purged(&self, key: &ObjectKey, now: Timestamp) -> Result<(), RecordsError> {
        self.faults.call(|| self.port.mark_purged(key, now), table).await
    }

    async fn list(&self, owner: &OwnerId, before: Option<UploadId>, limit: u16) -> Result<Page, RecordsError> {
        self.faults.call(|| self.port.list(owner, before, limit), table).await
    }
}

impl<A: IdempotencyStore> IdempotencyStore for FaultyPort<'_, A> {
    async fn reserve(
        &self,
        owner: &OwnerId,
        key: &str,
        body: &str,
        id: UploadId,
        now: Timestamp,
    ) -> Result<IdempotencyOutcome, RecordsError> {
        self.faults.call(|| self.port.reserve(owner, key, body, id, now), table).await
    }
}

impl<B: Bus> Bus for FaultyPort<'_, B> {
    async fn put(&self, events: &[Event]) -> Result<Vec<Refused>, BusError> {
        self.faults.call(|| self.port.put(events), || BusError("interrupted".into())).await
    }
}

impl<O: Objects> Objects for FaultyPort<'_, O> {
    async fn head(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<ObservedObject>, ObjectsError> {
        self.faults.call(|| self.port.head(key, version), bucket).await
    }

    async fn read(&self, key: &ObjectKey, version: &str, range: ByteRange) -> Result<Option<Vec<u8>>, ObjectsError> {
        self.faults.call(|| self.port.read(key, version, range), bucket).await
    }

    async fn delete_version(&self, key: &ObjectKey, version: &str) -> Result<(), ObjectsError> {
        self.faults.call(|| self.port.delete_version(key, version), bucket).await
    }

    async fn versions(&self, key: &ObjectKey) -> Result<Vec<String>, ObjectsError> {
        self.faults.call(|| self.port.versions(key), bucket).await
    }
}
