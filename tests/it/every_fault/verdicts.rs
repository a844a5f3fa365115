//! Scenes of the validator in which something was there before: a verdict, half of one, a tombstone; and those that
//! take more than a look at one window.

use std::rc::Rc;

use content_sniff::MediaType;
use policy::filename::FileName;
use policy::parts::PartPlan;
use policy::s3_limits::StoreLimits;
use policy::session::Session;
use policy::size::ByteSize;
use policy::upload::{Outcome, Record};
use policy::{Grant, SizeGrant};
use testkit::contract::Stocking;
use testkit::{PNG, Upload, grant};
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

use super::Scenario;
use super::between::Between;
use super::events::{Arrived, PLAIN, SCANNED};
use super::fixture::{Fixture, Said, Way, somebody};
use super::in_parts::session;

/// What came before, without trouble.
async fn before(arrived: &Arrived, event: &serde_json::Value) {
    let calm = Between::with(Vec::new());
    let said = arrived.tell(&Way { between: &calm, later: false }, event).await;
    assert_eq!(said, Said::Done("done".to_owned()));
}

/// The scan comes second, and finds nothing or something.
pub(super) struct Scanned<const CLEAN: bool>(Arrived);

impl<const CLEAN: bool> Scenario for Scanned<CLEAN> {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str =
        if CLEAN { "a clean scan of acceptable content" } else { "a scan that found a threat in acceptable content" };
    const END: &'static str =
        if CLEAN { "accepted, and the version stays" } else { "rejected, and the version is deleted" };
    const CALLS: &'static [&'static str] = if CLEAN {
        &["HeadObject", "PutItem upload", "PutItem upload"]
    } else {
        &["HeadObject", "PutItem upload", "PutItem upload", "DeleteObject"]
    };

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let arrived = Arrived::new(fixture, PNG, SCANNED).await;
        before(&arrived, &arrived.created()).await;
        Self(arrived)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.0.tell(way, &self.0.scan(if CLEAN { "NO_THREATS_FOUND" } else { "THREATS_FOUND" })).await
    }

    async fn check(&self) {
        self.0.assert_outcome(if CLEAN { Outcome::Accepted } else { Outcome::Rejected }).await;
    }
}

/// A replay: another version over an accepted upload, or under a tombstone.
pub(super) struct Replayed<const BURIED: bool> {
    first: Arrived,
    second: Arrived,
}

impl<const BURIED: bool> Scenario for Replayed<BURIED> {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str =
        if BURIED { "an object whose upload was deleted" } else { "another version over an accepted upload" };
    const END: &'static str =
        if BURIED { "no version is left" } else { "the first version stays, the other is deleted" };
    const CALLS: &'static [&'static str] = &["HeadObject", "GetObject", "PutItem upload", "DeleteObject"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let first = Arrived::new(fixture, PNG, PLAIN).await;
        before(&first, &first.created()).await;
        if BURIED {
            first.fixture.records().write_tombstone(&first.key, jiff::Timestamp::now()).await.unwrap();
            first.fixture.objects().delete_version(&first.key, &first.version).await.unwrap();
        }
        let granted = Upload::granted(&grant(first.key.owner(), PNG.len() as u64), PNG);
        let version = first.fixture.stock.put(&first.key, &granted).await;
        let second = Arrived { fixture: Rc::clone(&first.fixture), key: first.key.clone(), version, policy: PLAIN };
        Self { first, second }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.second.tell(way, &self.second.created()).await
    }

    async fn check(&self) {
        if BURIED {
            let record = self.first.fixture.records().get(self.first.key.id()).await.unwrap();
            assert_eq!(record, Some(Record::Deleting(self.first.key.clone())));
            assert_eq!(self.first.fixture.objects().versions(&self.first.key).await.unwrap(), Vec::<String>::new());
        } else {
            self.first.assert_outcome(Outcome::Accepted).await;
        }
    }
}

/// Somebody took the object away while it waited for its scan.
pub(super) struct Vanished(Arrived);

impl Scenario for Vanished {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str = "an event of a deleted version with a pending verdict";
    const END: &'static str = "the upload counts as deleted";
    const CALLS: &'static [&'static str] = &["HeadObject", "GetObject", "GetItem upload", "PutItem upload"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let arrived = Arrived::new(fixture, PNG, SCANNED).await;
        before(&arrived, &arrived.created()).await;
        arrived.fixture.objects().delete_version(&arrived.key, &arrived.version).await.unwrap();
        Self(arrived)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.0.tell(way, &self.0.created()).await
    }

    async fn check(&self) {
        let record = self.0.fixture.records().get(self.0.key.id()).await.unwrap();
        assert_eq!(record, Some(Record::Deleting(self.0.key.clone())));
    }
}

/// A long table, whose end is looked at as well; told of by an event that names no version.
pub(super) struct Long(Arrived);

impl Scenario for Long {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str = "an object of more than one window, whose event names no version";
    const END: &'static str = "accepted, and the version stays";
    const CALLS: &'static [&'static str] = &["HeadObject", "GetObject", "GetObject", "PutItem upload"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let (_, key) = somebody();
        let bytes = "name,place\nlock,canal\n".repeat(10_000).into_bytes();
        let granted = Grant {
            filename: FileName::parse("locks.csv").unwrap(),
            content_type: MediaType::parse("text/csv").unwrap(),
            size: SizeGrant::Exactly(ByteSize::from_bytes(bytes.len() as u64)),
            ..grant(key.owner(), 0)
        };
        let version = fixture.stock.put(&key, &Upload::granted(&granted, &bytes)).await;
        Self(Arrived { fixture, key, version, policy: PLAIN })
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let mut event = self.0.created();
        event["Records"][0]["s3"]["object"].as_object_mut().unwrap().remove("versionId");
        self.0.tell(way, &event).await
    }

    async fn check(&self) {
        self.0.assert_outcome(Outcome::Accepted).await;
    }
}

/// The object of a session whose size nobody had told, and which is still counted.
pub(super) struct Counted(Arrived);

impl Scenario for Counted {
    const FUNCTION: &'static str = "validate";
    const WHAT: &'static str = "an object of a multipart upload without a declared size, whose session is not complete";
    const END: &'static str = "a verdict, and the session is complete and no longer counted";
    const CALLS: &'static [&'static str] = &[
        "HeadObject",
        "GetObject",
        "GetItem session",
        "UpdateItem unsized",
        "PutItem session",
        "PutItem upload",
        "DeleteObject",
    ];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let limit = ByteSize::from_bytes(1 << 30);
        let plan = PartPlan::unsized_up_to(limit, limit, StoreLimits::S3);
        let arrived = Arrived::in_parts(fixture, |key| Session { plan, ..session(key) }).await;
        let key = &arrived.key;
        assert!(arrived.fixture.records().count_unsized(key.owner(), key.id(), 1).await.unwrap());
        Self(arrived)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.0.tell(way, &self.0.created()).await
    }

    async fn check(&self) {
        self.0.assert_closed().await;
        let (records, owner) = (self.0.fixture.records(), self.0.key.owner());
        let (_, other) = somebody();
        assert!(records.count_unsized(owner, other.id(), 1).await.unwrap(), "there is room again");
        records.discount_unsized(owner, other.id()).await.unwrap();
    }
}
