//! Completions and abortions under every fault and race, asserted by what is left: object, session, S3 uploads.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::checksum::ChecksumAlgorithm;
use shared::parts::PartPlan;
use shared::policy::{Grant, SizeGrant, Terms};
use shared::s3_limits::StoreLimits;
use shared::session::{Session, State};
use shared::size::ByteSize;
use shared::testing::clock::ticking;
use shared::testing::http::{Answer, Call, refusal_type, request};
use shared::testing::scripted::{Says, Scene, Scripted};
use shared::testing::{
    ALICE, BOB, Interruption, MemoryObjects, MemoryQueue, MemoryRecords, Upload, config, golden_events, grant, id, key,
    sized_plan,
};

use super::*;

mod aborts;
mod faults;
mod golden;
mod healing;
mod races;
mod refusals;

const MIB: u64 = 1 << 20;

/// Three parts: 8 MiB, 8 MiB, 4 MiB.
const SIZE: u64 = 20 * MIB;

/// A table, a bucket and a queue, and the function over them.
#[derive(Default)]
struct World {
    records: MemoryRecords,
    objects: MemoryObjects,
    queue: MemoryQueue,
}

impl World {
    /// An open session of Alice's for `plan`.
    async fn open(&self, plan: PartPlan) -> Session {
        let (min, max) = (ByteSize::ZERO, ByteSize::from_bytes(SIZE));
        let size = match plan {
            PartPlan::Sized { size, .. } => SizeGrant::Exactly(size),
            PartPlan::Unsized { .. } => SizeGrant::Between { min, max },
        };
        self.open_for(plan, size).await
    }

    async fn open_for(&self, plan: PartPlan, size: SizeGrant) -> Session {
        let key = key(ALICE, id(1));
        let terms =
            Terms { url_life: Duration::from_mins(15), session_life: Duration::from_hours(48), part_checksum: None };
        let grant = Grant { size, ..grant(&shared::testing::owner(ALICE), SIZE) };
        let session = Session::new(key, grant, plan, terms, ticking());
        let multipart = Multipart { sessions: &self.records, store: &self.objects, now: ticking };
        let most = matches!(plan, PartPlan::Unsized { .. }).then_some(10);
        multipart.open(session, most).await.unwrap()
    }

    /// The same with all its parts in S3.
    async fn filled() -> Self {
        let world = Self::default();
        let session = world.open(sized_plan(SIZE)).await;
        world.fill(&session);
        world
    }

    fn fill(&self, session: &Session) {
        for (number, size) in [(1, 8 * MIB), (2, 8 * MIB), (3, 4 * MIB)] {
            self.objects.put_hollow_part(&upload_of(session), number, size).unwrap();
        }
    }

    fn session(&self) -> Session {
        self.records.session_of(id(1)).unwrap()
    }

    /// Asks under a script and an interruption; `None` when it was killed.
    async fn ask_under(
        &self,
        script: &Scripted<'_, MemoryObjects>,
        trouble: &Interruption,
        call: &Call,
    ) -> Option<Answer> {
        let request = call.request();
        self.answer_under(script, trouble, request).await
    }

    async fn answer_under(
        &self,
        script: &Scripted<'_, MemoryObjects>,
        trouble: &Interruption,
        request: Request,
    ) -> Option<Answer> {
        // Each call is made by a process of its own.
        let random = [|| [1; 10], || [2; 10], || [3; 10]][COUNTER.with(|n| n.replace(n.get() + 1)) % 3];
        let deps = Deps {
            config: config(&[]),
            sessions: trouble.of(&self.records),
            store: trouble.of(script),
            completions: &self.queue,
            ambient: Ambient { now: ticking, random },
        };
        trouble.run(handle(&deps, request)).await.map(|response| Answer::of(&response.unwrap()))
    }

    async fn ask(&self, call: &Call) -> Answer {
        let script = Scripted::new(&self.objects, &[]);
        self.ask_under(&script, &Interruption::none(), call).await.unwrap()
    }

    /// What everything ends in that ends well: the object once, the session complete, nothing under way in S3.
    fn assert_whole(&self, what: &str) {
        let session = self.session();
        assert!(matches!(session.state, State::Completed(_)), "{what}: {:?}", session.state);
        assert_eq!(self.objects.kept(&session.key).len(), 1, "{what}: objects");
        assert_eq!(self.objects.pending(), Vec::<String>::new(), "{what}: uploads left");
    }

    /// What a refusal leaves: no object, the session as open as before, its upload and no other.
    fn assert_open(&self, what: &str) {
        let session = self.session();
        assert!(matches!(session.state, State::Open { .. }), "{what}: {:?}", session.state);
        assert!(self.objects.is_empty(), "{what}: an object");
        assert_eq!(self.objects.pending(), [upload_of(&session)], "{what}: uploads");
    }
}

thread_local! {
    static COUNTER: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn unsized_plan() -> PartPlan {
    PartPlan::unsized_up_to(ByteSize::from_bytes(SIZE), ByteSize::from_bytes(8 * MIB), StoreLimits::S3)
}

fn upload_of(session: &Session) -> String {
    match &session.state {
        State::Open { upload } => upload.clone(),
        State::Completing(at) => at.upload.clone(),
        other => panic!("{other:?} has no upload"),
    }
}

fn complete() -> Call {
    Call::new("POST", &format!("/uploads/multipart/{}/complete", id(1))).by(ALICE)
}

fn abort() -> Call {
    Call::new("DELETE", &format!("/uploads/multipart/{}", id(1))).by(ALICE)
}

/// A completion that lists what S3 has.
async fn listing(world: &World) -> Call {
    let session = world.session();
    let page = world.objects.parts(&session.key, &upload_of(&session), None).await.unwrap().unwrap();
    let parts: Vec<Value> = page
        .parts
        .iter()
        .map(|part| json!({ "partNumber": part.number.get(), "etag": part.etag.to_string() }))
        .collect();
    complete().body(json!({ "parts": parts }).to_string())
}
