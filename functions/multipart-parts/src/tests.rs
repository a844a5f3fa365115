//! Golden events and access; `signing` and `listing` have the rest.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use policy::SessionTerms;
use policy::checksum::ChecksumAlgorithm;
use policy::parts::PartPlan;
use policy::s3_limits::StoreLimits;
use policy::session::{Session, State};
use policy::size::ByteSize;
use serde_json::{Value, json};
use testkit::http::{ApiRequest, ApiResponse, refusal_type, request};
use testkit::{
    ALICE, BOB, FaultInjector, MemoryObjects, MemoryRecords, config, env, golden_events, grant, id, key, now, owner,
    sized_plan,
};

use super::*;

mod listing;
mod signing;

const MIB: u64 = 1 << 20;
const SIZE: u64 = 20 * MIB;

#[derive(Default)]
struct Fixture {
    records: MemoryRecords,
    objects: MemoryObjects,
}

impl Fixture {
    /// A fixture with an open session of Alice's.
    async fn with(plan: PartPlan, part_checksum: Option<ChecksumAlgorithm>) -> Self {
        let fixture = Self::default();
        let terms = SessionTerms {
            url_life: std::time::Duration::from_mins(15),
            session_life: std::time::Duration::from_hours(48),
            part_checksum,
        };
        let session = Session::new(key(ALICE, id(1)), grant(&owner(ALICE), SIZE), plan, terms, now());
        let unsized_sessions = matches!(plan, PartPlan::Unsized { .. }).then_some(10);
        fixture.multipart().open(session, unsized_sessions).await.unwrap();
        fixture
    }

    /// A session of three parts: 8, 8 and 4 MiB.
    async fn with_three_parts() -> Self {
        Self::with(sized_plan(SIZE), None).await
    }

    async fn send_at(&self, now: fn() -> Timestamp, faults: &FaultInjector, request: Request) -> ApiResponse {
        let deps = Deps {
            config: config(&[]),
            records: faults.of(&self.records),
            objects: faults.of(&self.objects),
            env: Env { now, ..env() },
        };
        ApiResponse::of(&deps.handle(request).await)
    }

    async fn send(&self, call: &ApiRequest) -> ApiResponse {
        self.send_at(now, &FaultInjector::none(), call.request()).await
    }

    fn multipart(&self) -> Multipart<'_, MemoryRecords, MemoryObjects> {
        Multipart { records: &self.records, objects: &self.objects, now }
    }

    fn session(&self) -> Session {
        self.records.session_of(id(1)).unwrap()
    }

    /// S3's id of the session's multipart upload.
    fn upload_id(&self) -> String {
        match self.session().state {
            State::Open { upload } => upload,
            other => panic!("{other:?} has no upload"),
        }
    }
}

fn path() -> String {
    format!("/uploads/multipart/{}/parts", id(1))
}

fn sign(body: &Value) -> ApiRequest {
    ApiRequest::new("POST", &path()).by(ALICE).body(body.to_string())
}

fn list() -> ApiRequest {
    ApiRequest::new("GET", &path()).by(ALICE)
}

fn unsized_plan() -> PartPlan {
    PartPlan::unsized_up_to(ByteSize::from_bytes(SIZE), ByteSize::from_bytes(8 * MIB), StoreLimits::S3)
}

#[tokio::test]
async fn golden_events_get_the_expected_answers() {
    // The outcomes with an open session of three parts, and without a session.
    let not_found = (404, "session-not-found");
    let expected = [
        ("sign-numbers", (200, ""), not_found),
        ("sign-range", (200, ""), not_found),
        ("list", (200, ""), not_found),
        ("bad-beyond", (422, "invalid-part"), not_found),
        ("bad-neither", (400, "invalid-body"), not_found),
        ("bad-other-user", not_found, not_found),
        ("uppy-list", (200, ""), not_found),
        ("uppy-part", (200, ""), not_found),
        ("uppy-batch", (200, ""), not_found),
        ("uppy-sign-part", (200, ""), not_found),
        ("uppy-sign-whole", (200, ""), (200, "")),
        ("uppy-sign-complete", (200, ""), (200, "")),
        ("bad-uppy-part", (400, "invalid-parameter"), (400, "invalid-parameter")),
        ("bad-uppy-sign", (400, "invalid-body"), (400, "invalid-body")),
    ];
    let events = golden_events("multipart-parts");
    let (files, known): (BTreeSet<&str>, BTreeSet<&str>) =
        (events.keys().map(String::as_str).collect(), expected.iter().map(|(name, ..)| *name).collect());
    assert_eq!(files, known, "the golden events and the expectations have the same names");
    for (name, with_session, without_session) in expected {
        for (fixture, outcome) in
            [(Fixture::with_three_parts().await, with_session), (Fixture::default(), without_session)]
        {
            let answer = fixture.send_at(now, &FaultInjector::none(), request(&events[name])).await;
            assert_eq!(answer.outcome(), outcome, "{name}: {}", answer.body);
            if answer.status >= 400 {
                assert_eq!(answer.content_type, refusal_type(&events[name]), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn only_the_owner_finds_a_session() {
    let fixture = Fixture::with_three_parts().await;
    for call in [sign(&json!({ "from": 1 })).by(BOB), list().by(BOB)] {
        assert_eq!(fixture.send(&call).await.outcome(), (404, "session-not-found"));
    }
    assert_eq!(fixture.send(&ApiRequest::new("GET", &path())).await.outcome(), (401, "unauthenticated"));
    let invalid_id = ApiRequest::new("GET", "/uploads/multipart/nonsense/parts").by(ALICE);
    assert_eq!(fixture.send(&invalid_id).await.outcome(), (404, "session-not-found"));
}
