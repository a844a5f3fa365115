//! Pages of URLs, and listings that follow S3's pages to their end.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::checksum::ChecksumAlgorithm;
use shared::parts::PartPlan;
use shared::policy::Terms;
use shared::s3_limits::StoreLimits;
use shared::session::{Session, State};
use shared::size::ByteSize;
use shared::testing::http::{Answer, Call, refusal_type, request};
use shared::testing::{
    ALICE, BOB, Interruption, MemoryObjects, MemoryRecords, ambient, config, golden_events, grant, id, key, now, owner,
    sized_plan,
};

use super::*;

mod listing;
mod signing;

const MIB: u64 = 1 << 20;
const SIZE: u64 = 20 * MIB;

#[derive(Default)]
struct World {
    records: MemoryRecords,
    objects: MemoryObjects,
}

impl World {
    async fn with(plan: PartPlan, part_checksum: Option<ChecksumAlgorithm>) -> Self {
        let world = Self::default();
        let terms = Terms {
            url_life: std::time::Duration::from_mins(15),
            session_life: std::time::Duration::from_hours(48),
            part_checksum,
        };
        let session = Session::new(key(ALICE, id(1)), grant(&owner(ALICE), SIZE), plan, terms, now());
        let multipart = Multipart { sessions: &world.records, store: &world.objects, now };
        let most = matches!(plan, PartPlan::Unsized { .. }).then_some(10);
        multipart.open(session, most).await.unwrap();
        world
    }

    async fn open() -> Self {
        Self::with(sized_plan(SIZE), None).await
    }

    async fn ask_at(&self, now: fn() -> Timestamp, count: &Interruption, request: Request) -> Answer {
        let deps = Deps {
            config: config(&[]),
            sessions: count.of(&self.records),
            store: count.of(&self.objects),
            ambient: Ambient { now, ..ambient() },
        };
        Answer::of(&handle(&deps, request).await.unwrap())
    }

    async fn ask(&self, call: &Call) -> Answer {
        self.ask_at(now, &Interruption::none(), call.request()).await
    }

    fn session(&self) -> Session {
        self.records.session_of(id(1)).unwrap()
    }

    fn upload(&self) -> String {
        match self.session().state {
            State::Open { upload } => upload,
            other => panic!("{other:?} has no upload"),
        }
    }
}

fn path() -> String {
    format!("/uploads/multipart/{}/parts", id(1))
}

fn sign(body: &Value) -> Call {
    Call::new("POST", &path()).by(ALICE).body(body.to_string())
}

fn list() -> Call {
    Call::new("GET", &path()).by(ALICE)
}

fn unsized_plan() -> PartPlan {
    PartPlan::unsized_up_to(ByteSize::from_bytes(SIZE), ByteSize::from_bytes(8 * MIB), StoreLimits::S3)
}

#[tokio::test]
async fn every_golden_event_has_its_answer() {
    // For an open session of three parts, and where there is none.
    let none = (404, "session-not-found");
    let expected = [
        ("sign-numbers", (200, ""), none),
        ("sign-range", (200, ""), none),
        ("list", (200, ""), none),
        ("bad-beyond", (422, "invalid-part"), none),
        ("bad-neither", (400, "invalid-body"), none),
        ("bad-other-user", none, none),
        ("uppy-list", (200, ""), none),
        ("uppy-part", (200, ""), none),
        ("uppy-batch", (200, ""), none),
        ("uppy-sign-part", (200, ""), none),
        ("uppy-sign-whole", (200, ""), (200, "")),
        ("uppy-sign-complete", (200, ""), (200, "")),
        ("bad-uppy-part", (400, "invalid-parameter"), (400, "invalid-parameter")),
        ("bad-uppy-sign", (400, "invalid-body"), (400, "invalid-body")),
    ];
    let events = golden_events("multipart-parts");
    let (files, known): (BTreeSet<&str>, BTreeSet<&str>) =
        (events.keys().map(String::as_str).collect(), expected.iter().map(|(name, ..)| *name).collect());
    assert_eq!(files, known, "every file is used, and every use has its file");
    for (name, there, nothing) in expected {
        for (world, outcome) in [(World::open().await, there), (World::default(), nothing)] {
            let answer = world.ask_at(now, &Interruption::none(), request(&events[name])).await;
            assert_eq!(answer.outcome(), outcome, "{name}: {}", answer.body);
            if answer.status >= 400 {
                assert_eq!(answer.content_type, refusal_type(&events[name]), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn another_user_s_session_is_none() {
    let world = World::open().await;
    for call in [sign(&json!({ "from": 1 })).by(BOB), list().by(BOB)] {
        assert_eq!(world.ask(&call).await.outcome(), (404, "session-not-found"));
    }
    assert_eq!(world.ask(&Call::new("GET", &path())).await.outcome(), (401, "unauthenticated"));
    let odd = Call::new("GET", "/uploads/multipart/nonsense/parts").by(ALICE);
    assert_eq!(world.ask(&odd).await.outcome(), (404, "session-not-found"));
}
