//! Scenarios of the validator for an upload with a record: a verdict, a pending verdict or a tombstone.

use std::rc::Rc;

use policy::upload::{Outcome, Record};
use testkit::PNG;
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;

use super::Scenario;
use super::fixture::{Fixture, Invocation, Reply};
use super::validation::{UploadedObject, WITH_SCAN, WITHOUT_SCAN};

/// The scan result arrives after the content was checked.
pub(super) struct ScanAfterContent<const CLEAN: bool>(UploadedObject);

impl<const CLEAN: bool> Scenario for ScanAfterContent<CLEAN> {
    const FUNCTION: &'static str = "validate";
    const TITLE: &'static str =
        if CLEAN { "a clean scan of acceptable content" } else { "a scan that found a threat in acceptable content" };
    const END_STATE: &'static str =
        if CLEAN { "accepted, and the version stays" } else { "rejected, and the version is deleted" };
    const CALLS: &'static [&'static str] = if CLEAN {
        &["HeadObject", "PutItem upload", "PutItem upload"]
    } else {
        &["HeadObject", "PutItem upload", "PutItem upload", "DeleteObject"]
    };

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let object = UploadedObject::new(fixture, PNG, WITH_SCAN).await;
        object.deliver_without_faults(&object.created_event()).await;
        Self(object)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        self.0.deliver(invocation, &self.0.scan_event(if CLEAN { "NO_THREATS_FOUND" } else { "THREATS_FOUND" })).await
    }

    async fn assert_end_state(&self) {
        self.0.assert_outcome(if CLEAN { Outcome::Accepted } else { Outcome::Rejected }).await;
    }
}

/// A later version of an accepted or of a deleted upload.
pub(super) struct LaterVersion<const DELETED: bool> {
    first: UploadedObject,
    second: UploadedObject,
}

impl<const DELETED: bool> Scenario for LaterVersion<DELETED> {
    const FUNCTION: &'static str = "validate";
    const TITLE: &'static str =
        if DELETED { "an object whose upload was deleted" } else { "another version over an accepted upload" };
    const END_STATE: &'static str =
        if DELETED { "no version is left" } else { "the first version stays, the other is deleted" };
    const CALLS: &'static [&'static str] = &["HeadObject", "GetObject", "PutItem upload", "DeleteObject"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let first = UploadedObject::new(fixture, PNG, WITHOUT_SCAN).await;
        first.deliver_without_faults(&first.created_event()).await;
        if DELETED {
            first.fixture.records().write_tombstone(&first.key, jiff::Timestamp::now()).await.unwrap();
            first.fixture.objects().delete_version(&first.key, &first.version).await.unwrap();
        }
        let version = first.fixture.bucket.put_granted(&first.key, PNG).await;
        let second = UploadedObject {
            fixture: Rc::clone(&first.fixture),
            key: first.key.clone(),
            version,
            policy: WITHOUT_SCAN,
        };
        Self { first, second }
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        self.second.deliver(invocation, &self.second.created_event()).await
    }

    async fn assert_end_state(&self) {
        if DELETED {
            let record = self.first.fixture.records().get(self.first.key.id()).await.unwrap();
            assert_eq!(record, Some(Record::Deleting(self.first.key.clone())));
            assert_eq!(self.first.fixture.objects().versions(&self.first.key).await.unwrap(), Vec::<String>::new());
        } else {
            self.first.assert_outcome(Outcome::Accepted).await;
        }
    }
}

/// The version was deleted while its scan was pending.
pub(super) struct DeletedVersion(UploadedObject);

impl Scenario for DeletedVersion {
    const FUNCTION: &'static str = "validate";
    const TITLE: &'static str = "an event of a deleted version with a pending verdict";
    const END_STATE: &'static str = "the upload counts as deleted";
    const CALLS: &'static [&'static str] = &["HeadObject", "GetObject", "GetItem upload", "PutItem upload"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let object = UploadedObject::new(fixture, PNG, WITH_SCAN).await;
        object.deliver_without_faults(&object.created_event()).await;
        object.fixture.objects().delete_version(&object.key, &object.version).await.unwrap();
        Self(object)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        self.0.deliver(invocation, &self.0.created_event()).await
    }

    async fn assert_end_state(&self) {
        let record = self.0.fixture.records().get(self.0.key.id()).await.unwrap();
        assert_eq!(record, Some(Record::Deleting(self.0.key.clone())));
    }
}
