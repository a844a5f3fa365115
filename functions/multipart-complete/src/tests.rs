//! Completions and aborts under faults and races. The tests check the object, the session and the uploads in S3.

use std::collections::BTreeSet;

use policy::checksum::ChecksumAlgorithm;
use policy::parts::PartPlan;
use policy::s3_limits::StoreLimits;
use policy::session::{Session, State};
use policy::size::ByteSize;
use policy::{Grant, SessionTerms, SizeGrant};
use serde_json::{Value, json};
use testkit::clock::ticking;
use testkit::http::{ApiRequest, ApiResponse, refusal_type, request};
use testkit::scripted::{CompleteFault, ScriptedBucket, ScriptedError};
use testkit::{
    ALICE, BOB, FaultInjector, MemoryObjects, MemoryQueue, MemoryRecords, Upload, config, golden_events, grant, id,
    key, sized_plan,
};

use super::*;

mod aborts;
mod faults;
mod golden;
mod races;
mod recreation;
mod refusals;

const MIB: u64 = 1 << 20;

/// Three parts: 8 MiB, 8 MiB, 4 MiB.
const SIZE: u64 = 20 * MIB;

/// A table, a bucket and a queue in memory.
#[derive(Default)]
struct Fixture {
    records: MemoryRecords,
    objects: MemoryObjects,
    queue: MemoryQueue,
}

impl Fixture {
    /// Opens a session of Alice's for `plan`.
    async fn open(&self, plan: PartPlan) -> Session {
        let (min, max) = (ByteSize::ZERO, ByteSize::from_bytes(SIZE));
        let size = match plan {
            PartPlan::Sized { size, .. } => SizeGrant::Exactly(size),
            PartPlan::Unsized { .. } => SizeGrant::Between { min, max },
        };
        self.open_with(plan, size).await
    }

    async fn open_with(&self, plan: PartPlan, size: SizeGrant) -> Session {
        let key = key(ALICE, id(1));
        let terms = SessionTerms {
            url_life: Duration::from_mins(15),
            session_life: Duration::from_hours(48),
            part_checksum: None,
        };
        let grant = Grant { size, ..grant(&testkit::owner(ALICE), SIZE) };
        let session = Session::new(key, grant, plan, terms, ticking());
        let max_unsized = matches!(plan, PartPlan::Unsized { .. }).then_some(10);
        self.multipart().open(session, max_unsized).await.unwrap()
    }

    /// An open session whose parts are all in S3.
    async fn with_all_parts() -> Self {
        let fixture = Self::default();
        let session = fixture.open(sized_plan(SIZE)).await;
        fixture.put_all_parts(&session);
        fixture
    }

    fn put_all_parts(&self, session: &Session) {
        self.put_parts(session, &[(1, 8 * MIB), (2, 8 * MIB), (3, 4 * MIB)]);
    }

    fn put_parts(&self, session: &Session, parts: &[(u32, u64)]) {
        for (number, size) in parts {
            self.objects.put_hollow_part(&s3_upload_id(session), *number, *size).unwrap();
        }
    }

    fn multipart(&self) -> Multipart<'_, MemoryRecords, MemoryObjects> {
        Multipart { records: &self.records, objects: &self.objects, now: ticking }
    }

    fn session(&self) -> Session {
        self.records.session_of(id(1)).unwrap()
    }

    /// The response under a script and fault injection; `None` when the process was killed.
    async fn send_under(
        &self,
        script: &ScriptedBucket<'_, MemoryObjects>,
        faults: &FaultInjector,
        request: Request,
    ) -> Option<ApiResponse> {
        // Each request has its own lease holder.
        let random = [|| [1; 10], || [2; 10], || [3; 10]][COUNTER.with(|n| n.replace(n.get() + 1)) % 3];
        let deps = Deps {
            config: config(&[]),
            records: faults.of(&self.records),
            objects: faults.of(script),
            completions: &self.queue,
            env: Env { now: ticking, random },
        };
        faults.run(deps.handle(request)).await.map(|response| ApiResponse::of(&response))
    }

    /// The response under a script.
    async fn send_scripted(&self, script: &ScriptedBucket<'_, MemoryObjects>, call: &ApiRequest) -> ApiResponse {
        self.send_under(script, &FaultInjector::none(), call.request()).await.unwrap()
    }

    async fn send(&self, call: &ApiRequest) -> ApiResponse {
        self.send_scripted(&ScriptedBucket::new(&self.objects, &[]), call).await
    }

    /// One object, the session completed, no multipart upload in S3.
    fn assert_completed(&self, context: &str) {
        let session = self.session();
        assert!(matches!(session.state, State::Completed(_)), "{context}: {:?}", session.state);
        assert_eq!(self.objects.kept(&session.key).len(), 1, "{context}: objects");
        assert_eq!(self.objects.pending(), Vec::<String>::new(), "{context}: multipart uploads");
    }

    /// No object, the session open, its multipart upload in S3 and no other.
    fn assert_open(&self, context: &str) {
        let session = self.session();
        assert!(matches!(session.state, State::Open { .. }), "{context}: {:?}", session.state);
        assert!(self.objects.is_empty(), "{context}: objects");
        assert_eq!(self.objects.pending(), [s3_upload_id(&session)], "{context}: multipart uploads");
    }
}

thread_local! {
    static COUNTER: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn unsized_plan() -> PartPlan {
    PartPlan::unsized_up_to(ByteSize::from_bytes(SIZE), ByteSize::from_bytes(8 * MIB), StoreLimits::S3)
}

fn s3_upload_id(session: &Session) -> String {
    match &session.state {
        State::Open { upload } => upload.clone(),
        State::Completing(at) => at.upload.clone(),
        other => panic!("{other:?} has no upload"),
    }
}

fn complete() -> ApiRequest {
    ApiRequest::new("POST", &format!("/uploads/multipart/{}/complete", id(1))).by(ALICE)
}

fn abort() -> ApiRequest {
    ApiRequest::new("DELETE", &format!("/uploads/multipart/{}", id(1))).by(ALICE)
}

/// A completion that lists the parts that are in S3.
async fn complete_listed(fixture: &Fixture) -> ApiRequest {
    let session = fixture.session();
    let page = fixture.objects.list_parts(&session.key, &s3_upload_id(&session), None).await.unwrap().unwrap();
    let parts: Vec<Value> = page
        .parts
        .iter()
        .map(|part| json!({ "partNumber": part.number.get(), "etag": part.etag.to_string() }))
        .collect();
    complete().body(json!({ "parts": parts }).to_string())
}
