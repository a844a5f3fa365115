//! Scenarios of the validator for an upload without a record.

use std::rc::Rc;
use std::time::Duration;

use content_sniff::MediaType;
use lambda_http_kit::EventHandler;
use policy::filename::FileName;
use policy::key::ObjectKey;
use policy::parts::PartPlan;
use policy::s3_limits::StoreLimits;
use policy::session::{Session, State};
use policy::size::ByteSize;
use policy::upload::{Outcome, Pending, Record};
use policy::{Grant, SizeGrant};
use serde_json::{Value, json};
use testkit::contract::PutObjects;
use testkit::{PNG, Upload, grant};
use uploads_core::ports::multipart_uploads::{CompleteMultipartUpload, MultipartUploads};
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

use super::Scenario;
use super::fault_proxy::FaultProxy;
use super::fixture::{Fixture, Invocation, Reply, deadline_in, fresh_owner};
use super::multipart::session;
use crate::adapters::open_session;

/// Environment variables of the validator.
pub(super) type Variables = &'static [(&'static str, &'static str)];

/// The shipped policy, which requires no scan.
pub(super) const WITHOUT_SCAN: Variables = &[];
/// A policy that requires a scan.
pub(super) const WITH_SCAN: Variables =
    &[("POLICY", r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["image/*"]}], "scan": "required"}}}"#)];

/// A version of an object, and the events about it.
pub(super) struct UploadedObject {
    pub(super) fixture: Rc<Fixture>,
    pub(super) key: ObjectKey,
    pub(super) version: String,
    pub(super) policy: Variables,
}

impl UploadedObject {
    pub(super) async fn new(fixture: Rc<Fixture>, bytes: &[u8], policy: Variables) -> Self {
        let (_, key) = fresh_owner();
        let version = fixture.bucket.put_granted(&key, bytes).await;
        Self { fixture, key, version, policy }
    }

    /// A completed multipart upload whose session, from `create_session`, is still open.
    async fn of_open_session(fixture: Rc<Fixture>, create_session: impl FnOnce(&ObjectKey) -> Session) -> Self {
        let (_, key) = fresh_owner();
        let (records, objects) = (fixture.records(), fixture.objects());
        let upload = fixture.bucket.create_upload_with_part(&key).await;
        open_session(&records, create_session(&key), &upload).await;
        let parts = objects.list_parts(&key, &upload, None).await.unwrap().unwrap().parts;
        let size = parts[0].size;
        let parts = parts.into_iter().map(|part| (part.number, part.etag, part.checksum)).collect();
        let request = CompleteMultipartUpload { parts, part_checksum: None, size, checksum: None };
        let version = objects.complete_upload(&key, &upload, &request).await.unwrap().version;
        Self { fixture, key, version, policy: WITHOUT_SCAN }
    }

    /// S3's event notification.
    pub(super) fn created_event(&self) -> Value {
        json!({ "Records": [{
            "eventVersion": "2.6", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
                "bucket": { "name": self.fixture.bucket.name },
                "object": { "key": self.key.to_string(), "versionId": self.version, "sequencer": "0055AED6DCD90281E5" }
            }
        }] })
    }

    /// `GuardDuty`'s event.
    pub(super) fn scan_event(&self, status: &str) -> Value {
        json!({ "source": "aws.guardduty", "detail-type": "GuardDuty Malware Protection Object Scan Result", "detail": {
            "s3ObjectDetails": {
                "bucketName": self.fixture.bucket.name, "objectKey": self.key.to_string(), "versionId": self.version
            },
            "scanResultDetails": { "scanResultStatus": status }
        } })
    }

    /// Invokes the validator with an event in an SQS message.
    pub(super) async fn deliver(&self, invocation: &Invocation<'_>, event: &Value) -> Reply {
        let (records, objects) = (invocation.records(&self.fixture), invocation.objects(&self.fixture));
        let deps = validate::Deps { config: self.fixture.config(self.policy), records, objects, env: invocation.env() };
        let message = json!({ "eventSource": "aws:sqs", "messageId": "1", "body": event.to_string() });
        Reply::of_batch(deps.handle(json!({ "Records": [message] }), deadline_in(Duration::from_mins(1))).await)
    }

    /// Delivers an event without faults.
    pub(super) async fn deliver_without_faults(&self, event: &Value) {
        let proxy = FaultProxy::without_faults();
        assert_eq!(self.deliver(&Invocation::first(&proxy), event).await, Reply::done());
    }

    /// The upload has this verdict, and the version exists only if it is accepted.
    pub(super) async fn assert_outcome(&self, outcome: Outcome) {
        let Some(Record::Validated(validated)) = self.fixture.records().get(self.key.id()).await.unwrap() else {
            panic!("{} has no verdict", self.key.id())
        };
        assert_eq!((validated.outcome, &validated.version), (outcome, &self.version));
        let kept = self.fixture.objects().versions(&self.key).await.unwrap();
        let expected = if outcome == Outcome::Accepted { vec![self.version.clone()] } else { Vec::new() };
        assert_eq!(kept, expected);
    }

    /// The upload is rejected, since its five bytes are not a picture, and the session is complete.
    async fn assert_session_completed(&self) {
        self.assert_outcome(Outcome::Rejected).await;
        let state = self.fixture.records().session(&self.key).await.unwrap().unwrap().state;
        assert!(matches!(state, State::Completed(_)), "{state:?}");
    }
}

/// A picture, or half of a picture.
pub(super) struct ValidateObject<const MATCHES: bool>(UploadedObject);

impl<const MATCHES: bool> Scenario for ValidateObject<MATCHES> {
    const FUNCTION: &'static str = "validate";
    const TITLE: &'static str =
        if MATCHES { "an object that matches its grant" } else { "an object that does not match its grant" };
    const END_STATE: &'static str =
        if MATCHES { "accepted, and the version stays" } else { "rejected, and the version is deleted" };
    const CALLS: &'static [&'static str] = if MATCHES {
        &["HeadObject", "GetObject", "PutItem upload"]
    } else {
        &["HeadObject", "GetObject", "PutItem upload", "DeleteObject"]
    };

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let bytes = if MATCHES { PNG } else { &PNG[..40] };
        Self(UploadedObject::new(fixture, bytes, WITHOUT_SCAN).await)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        self.0.deliver(invocation, &self.0.created_event()).await
    }

    async fn assert_end_state(&self) {
        self.0.assert_outcome(if MATCHES { Outcome::Accepted } else { Outcome::Rejected }).await;
    }
}

/// The completion was interrupted, so the validator completes the session.
pub(super) struct ObjectOfOpenSession(UploadedObject);

impl Scenario for ObjectOfOpenSession {
    const FUNCTION: &'static str = "validate";
    const TITLE: &'static str = "an object of a multipart upload whose session is not complete";
    const END_STATE: &'static str = "a verdict, and the session is complete";
    const CALLS: &'static [&'static str] =
        &["HeadObject", "GetObject", "GetItem session", "PutItem session", "PutItem upload", "DeleteObject"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(UploadedObject::of_open_session(fixture, session).await)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        self.0.deliver(invocation, &self.0.created_event()).await
    }

    async fn assert_end_state(&self) {
        self.0.assert_session_completed().await;
    }
}

/// The scan result arrives first.
pub(super) struct ScanBeforeContent(UploadedObject);

impl Scenario for ScanBeforeContent {
    const FUNCTION: &'static str = "validate";
    const TITLE: &'static str = "a clean scan before the content was checked";
    const END_STATE: &'static str = "a pending verdict, and nothing is accepted";
    const CALLS: &'static [&'static str] = &["HeadObject", "PutItem upload"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(UploadedObject::new(fixture, PNG, WITH_SCAN).await)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        self.0.deliver(invocation, &self.0.scan_event("NO_THREATS_FOUND")).await
    }

    async fn assert_end_state(&self) {
        let record = self.0.fixture.records().get(self.0.key.id()).await.unwrap();
        assert!(matches!(record, Some(Record::Pending(Pending::Scan(_)))), "{record:?}");
    }
}

/// The event notification arrives after a clean scan.
pub(super) struct ContentAfterScan(UploadedObject);

impl Scenario for ContentAfterScan {
    const FUNCTION: &'static str = "validate";
    const TITLE: &'static str = "an object whose scan was clean";
    const END_STATE: &'static str = "accepted, and the version stays";
    const CALLS: &'static [&'static str] = &["HeadObject", "GetObject", "PutItem upload", "PutItem upload"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let object = UploadedObject::new(fixture, PNG, WITH_SCAN).await;
        object.deliver_without_faults(&object.scan_event("NO_THREATS_FOUND")).await;
        Self(object)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        self.0.deliver(invocation, &self.0.created_event()).await
    }

    async fn assert_end_state(&self) {
        self.0.assert_outcome(Outcome::Accepted).await;
    }
}

/// A long CSV file, of which the validator also reads the end. Its event has no version id.
pub(super) struct LongObject(UploadedObject);

impl Scenario for LongObject {
    const FUNCTION: &'static str = "validate";
    const TITLE: &'static str = "an object of more than one window, whose event names no version";
    const END_STATE: &'static str = "accepted, and the version stays";
    const CALLS: &'static [&'static str] = &["HeadObject", "GetObject", "GetObject", "PutItem upload"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let (_, key) = fresh_owner();
        let bytes = "name,place\nlock,canal\n".repeat(10_000).into_bytes();
        let granted = Grant {
            filename: FileName::parse("locks.csv").unwrap(),
            content_type: MediaType::parse("text/csv").unwrap(),
            size: SizeGrant::Exactly(ByteSize::from_bytes(bytes.len() as u64)),
            ..grant(key.owner(), 0)
        };
        let version = fixture.bucket.put(&key, &Upload::granted(&granted, &bytes)).await;
        Self(UploadedObject { fixture, key, version, policy: WITHOUT_SCAN })
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        let mut event = self.0.created_event();
        event["Records"][0]["s3"]["object"].as_object_mut().unwrap().remove("versionId");
        self.0.deliver(invocation, &event).await
    }

    async fn assert_end_state(&self) {
        self.0.assert_outcome(Outcome::Accepted).await;
    }
}

/// The session has no declared size, so it counts towards the owner's limit until it is complete.
pub(super) struct ObjectOfUnsizedSession(UploadedObject);

impl Scenario for ObjectOfUnsizedSession {
    const FUNCTION: &'static str = "validate";
    const TITLE: &'static str =
        "an object of a multipart upload without a declared size, whose session is not complete";
    const END_STATE: &'static str = "a verdict, and the session is complete and no longer counted";
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
        let object = UploadedObject::of_open_session(fixture, |key| Session { plan, ..session(key) }).await;
        let key = &object.key;
        assert!(object.fixture.records().count_unsized(key.owner(), key.id(), 1).await.unwrap());
        Self(object)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        self.0.deliver(invocation, &self.0.created_event()).await
    }

    async fn assert_end_state(&self) {
        self.0.assert_session_completed().await;
        let (records, owner) = (self.0.fixture.records(), self.0.key.owner());
        let (_, other) = fresh_owner();
        assert!(records.count_unsized(owner, other.id(), 1).await.unwrap(), "the session is still counted");
        records.discount_unsized(owner, other.id()).await.unwrap();
    }
}
