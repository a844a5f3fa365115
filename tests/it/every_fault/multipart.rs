//! Scenarios of multipart uploads: create, sign and list parts, complete, abort, delete.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_http_kit::{EventHandler, HttpHandler};
use policy::key::ObjectKey;
use policy::session::{Cleanup, CompletionRequest, Lease, Session, State};
use policy::upload::Record;
use serde_json::json;
use testkit::http::ApiRequest;
use testkit::session_of;
use uploads_core::multipart::CompletionJob;
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::object_listing::ObjectListing;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

use super::Scenario;
use super::fault_proxy::Fault;
use super::fixture::{Fixture, Invocation, Reply, deadline_in, fresh_owner};
use crate::adapters::open_session;
use crate::aws::receive_json;

/// The size of the one part in bytes.
const SIZE: u64 = 5;

/// A request for a session, with an idempotency key.
pub(super) struct CreateSession {
    fixture: Rc<Fixture>,
    call: ApiRequest,
    sessions: RefCell<BTreeSet<String>>,
    subject: String,
}

impl Scenario for CreateSession {
    const FUNCTION: &'static str = "multipart-initiate";
    const TITLE: &'static str = "`POST /uploads/multipart` with an `Idempotency-Key`";
    const END_STATE: &'static str = "one open session with its multipart upload in S3; the reconciler finds the uploads of failed attempts by the session's key";
    const CALLS: &'static [&'static str] =
        &["PutItem idempotency", "PutItem session", "CreateMultipartUpload", "PutItem session"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let (subject, _) = fresh_owner();
        let body = json!({ "filename": "photo.png", "contentType": "image/png", "size": 20 << 20 });
        let call = ApiRequest::new("POST", "/uploads/multipart").by(&subject).header("idempotency-key", "k");
        Self { fixture, call: call.body(body.to_string()), sessions: RefCell::default(), subject }
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        let (records, objects) = (invocation.records(&self.fixture), invocation.objects(&self.fixture));
        let deps =
            multipart_initiate::Deps { config: self.fixture.config(&[]), records, objects, env: invocation.env() };
        let (reply, body) = Reply::of_response(&deps.handle(self.call.request()).await);
        self.sessions.borrow_mut().extend(body["sessionId"].as_str().map(str::to_owned));
        reply
    }

    async fn assert_end_state(&self) {
        let sessions = self.sessions.borrow().clone();
        let [id] = sessions.iter().collect::<Vec<_>>()[..] else { panic!("{sessions:?}") };
        let key = ObjectKey::new(testkit::owner(&self.subject), policy::key::UploadId::parse(id).unwrap());
        let State::Open { upload } = self.fixture.records().session(&key).await.unwrap().unwrap().state else {
            panic!("{id} is not open")
        };
        let found = self.fixture.objects().list_in_progress(&key.to_string(), None).await.unwrap().uploads;
        // One of each of three attempts of the SDK, and one of the retry.
        assert!(found.iter().any(|found| found.upload == upload) && found.len() <= 4, "{upload}: {found:?}");
    }
}

/// An open session whose one part is in S3.
struct OpenSession {
    fixture: Rc<Fixture>,
    subject: String,
    key: ObjectKey,
}

/// A session of `key` whose deadline is in an hour.
pub(super) fn session(key: &ObjectKey) -> Session {
    let deadline = Timestamp::now().checked_add(SignedDuration::from_hours(1)).unwrap();
    Session { deadline, ..session_of(key, SIZE) }
}

impl OpenSession {
    async fn new(fixture: Rc<Fixture>) -> Self {
        let (subject, key) = fresh_owner();
        let upload = fixture.bucket.create_upload_with_part(&key).await;
        open_session(&fixture.records(), session(&key), &upload).await;
        Self { fixture, subject, key }
    }

    fn call(&self, method: &str, rest: &str) -> ApiRequest {
        ApiRequest::new(method, &format!("/uploads/multipart/{}{rest}", self.key.id())).by(&self.subject)
    }

    /// Calls the function `multipart-complete`.
    async fn call_complete(&self, invocation: &Invocation<'_>, call: &ApiRequest) -> Reply {
        let (records, objects) = (invocation.records(&self.fixture), invocation.objects(&self.fixture));
        let completions = invocation.queue(&self.fixture);
        let config = self.fixture.config(&[]);
        let deps = multipart_complete::Deps { config, records, objects, completions, env: invocation.env() };
        Reply::of_response(&deps.handle(call.request()).await).0
    }

    /// Calls the function `multipart-parts`, and returns the number of parts in the answer.
    async fn call_parts(&self, invocation: &Invocation<'_>, call: &ApiRequest) -> (Reply, usize) {
        let (records, objects) = (invocation.records(&self.fixture), invocation.objects(&self.fixture));
        let deps = multipart_parts::Deps { config: self.fixture.config(&[]), records, objects, env: invocation.env() };
        let (reply, body) = Reply::of_response(&deps.handle(call.request()).await);
        (reply, body["parts"].as_array().map_or(0, Vec::len))
    }

    async fn state(&self) -> State {
        self.fixture.records().session(&self.key).await.unwrap().unwrap().state
    }

    /// There is exactly one version, it has the right size, and the session is complete with it.
    async fn assert_completed(&self) {
        let State::Completed(completed) = self.state().await else { panic!("{:?}", self.state().await) };
        let stored = self.fixture.objects().list_versions(&self.key.to_string(), None).await.unwrap().versions;
        let stored: Vec<(&str, u64)> = stored.iter().map(|one| (one.version.as_str(), one.size.bytes())).collect();
        assert_eq!(stored, [(completed.version.as_str(), SIZE)]);
        self.assert_no_upload_in_progress().await;
    }

    async fn assert_no_upload_in_progress(&self) {
        let found = self.fixture.objects().list_in_progress(&self.key.to_string(), None).await.unwrap().uploads;
        assert!(found.is_empty(), "{found:?}");
    }
}

/// Signs a page of part URLs, or lists the stored parts.
pub(super) struct Parts<const LIST: bool>(OpenSession);

impl<const LIST: bool> Scenario for Parts<LIST> {
    const FUNCTION: &'static str = "multipart-parts";
    const TITLE: &'static str = if LIST {
        "`GET …/{sessionId}/parts`"
    } else {
        "`POST …/{sessionId}/parts`, which extends the session's deadline"
    };
    const END_STATE: &'static str = "the correct answer, or 503";
    const CALLS: &'static [&'static str] =
        if LIST { &["GetItem session", "ListParts"] } else { &["GetItem session", "PutItem session"] };

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(OpenSession::new(fixture).await)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        let call = if LIST {
            self.0.call("GET", "/parts")
        } else {
            self.0.call("POST", "/parts").body(r#"{"partNumbers":[1]}"#)
        };
        let (reply, parts) = self.0.call_parts(invocation, &call).await;
        assert_eq!(parts, usize::from(matches!(reply, Reply::Done(_))));
        reply
    }

    async fn assert_end_state(&self) {}
}

/// The completion of an upload.
pub(super) struct CompleteUpload(OpenSession);

impl Scenario for CompleteUpload {
    const FUNCTION: &'static str = "multipart-complete";
    const TITLE: &'static str = "`POST …/{sessionId}/complete`";
    const END_STATE: &'static str = "exactly one object, and its session complete";
    const CALLS: &'static [&'static str] =
        &["UpdateItem session", "ListParts", "CompleteMultipartUpload", "PutItem session"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(OpenSession::new(fixture).await)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        self.0.call_complete(invocation, &self.0.call("POST", "/complete")).await
    }

    async fn assert_end_state(&self) {
        self.0.assert_completed().await;
    }
}

/// A completion that takes S3 longer than a request can wait.
pub(super) struct SlowCompletion(OpenSession);

impl Scenario for SlowCompletion {
    const FUNCTION: &'static str = "multipart-complete";
    const TITLE: &'static str = "`POST …/{sessionId}/complete` when S3 needs longer than a request can wait";
    const END_STATE: &'static str = "202, and the next request finds the object";
    const CALLS: &'static [&'static str] =
        &["UpdateItem session", "ListParts", "CompleteMultipartUpload", "SendMessage"];
    const PERMANENT_FAULTS: &'static [(&'static str, Fault)] = &[("CompleteMultipartUpload", Fault::NoAnswer)];
    const FAULTS_ONLY_AT: Option<&'static str> = Some("SendMessage");

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        // A fixture of its own: no other scenario sends messages to its queue.
        drop(fixture);
        Self(OpenSession::new(Rc::new(Fixture::new())).await)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        let reply = self.0.call_complete(invocation, &self.0.call("POST", "/complete")).await;
        if reply == Reply::Retry("202".to_owned()) {
            for message in receive_json(&self.0.fixture.queue) {
                let job = CompletionJob::from_json(&message.to_string()).unwrap();
                assert_eq!(job.key, self.0.key);
            }
        }
        reply
    }

    async fn assert_end_state(&self) {
        self.0.assert_completed().await;
    }
}

/// The abort of an upload.
pub(super) struct AbortUpload(OpenSession);

impl Scenario for AbortUpload {
    const FUNCTION: &'static str = "multipart-complete";
    const TITLE: &'static str = "`DELETE …/{sessionId}`";
    const END_STATE: &'static str = "no multipart upload in progress, and no object";
    const CALLS: &'static [&'static str] =
        &["GetItem session", "PutItem session", "AbortMultipartUpload", "ListParts", "PutItem session"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(OpenSession::new(fixture).await)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        self.0.call_complete(invocation, &self.0.call("DELETE", "")).await
    }

    async fn assert_end_state(&self) {
        self.0.assert_no_upload_in_progress().await;
        assert!(matches!(self.0.state().await, State::Aborted(_)), "{:?}", self.0.state().await);
        assert!(
            self.0.fixture.objects().list_versions(&self.0.key.to_string(), None).await.unwrap().versions.is_empty()
        );
    }
}

/// The deletion of an upload whose session is open.
pub(super) struct DeleteInProgressUpload(OpenSession);

impl Scenario for DeleteInProgressUpload {
    const FUNCTION: &'static str = "uploads";
    const TITLE: &'static str = "`DELETE /uploads/{id}` of a multipart upload in progress";
    const END_STATE: &'static str =
        "a tombstone, no multipart upload in progress, no object, and no text that the user entered";
    const CALLS: &'static [&'static str] = &[
        "GetItem upload",
        "HeadObject",
        "GetItem session",
        "PutItem upload",
        "GetItem session",
        "PutItem session",
        "AbortMultipartUpload",
        "ListParts",
        "PutItem session",
        "ListObjectVersions",
        "GetItem session",
        "PutItem session",
        "UpdateItem upload",
    ];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(OpenSession::new(fixture).await)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        let call = ApiRequest::new("DELETE", &format!("/uploads/{}", self.0.key.id())).by(&self.0.subject);
        invocation.call_uploads(&self.0.fixture, &call).await.0
    }

    async fn assert_end_state(&self) {
        let record = self.0.fixture.records().get(self.0.key.id()).await.unwrap();
        assert_eq!(record, Some(Record::Deleted(self.0.key.clone())));
        self.0.assert_no_upload_in_progress().await;
        assert!(matches!(self.0.state().await, State::Aborted(Cleanup::Done)), "{:?}", self.0.state().await);
        let session = self.0.fixture.records().session(&self.0.key).await.unwrap().unwrap();
        assert_eq!(session.grant, session.grant.redacted());
    }
}

/// A completion job in the queue of the reconciler.
pub(super) struct RunCompletionJob(OpenSession);

impl Scenario for RunCompletionJob {
    const FUNCTION: &'static str = "reconcile";
    const TITLE: &'static str = "a completion job";
    const END_STATE: &'static str = CompleteUpload::END_STATE;
    const CALLS: &'static [&'static str] = &[
        "GetItem session",
        "PutItem session",
        "HeadObject",
        "ListParts",
        "CompleteMultipartUpload",
        "PutItem session",
    ];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let open = OpenSession::new(fixture).await;
        let now = Timestamp::now();
        let lease =
            Lease { holder: "request".to_owned(), until: now.checked_add(SignedDuration::from_mins(1)).unwrap() };
        open.fixture.records().lease(&open.key, &lease, &CompletionRequest::default(), now).await.unwrap();
        Self(open)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        let message = CompletionJob { key: self.0.key.clone(), holder: "request".to_owned() }.to_json();
        let event = json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "1", "body": message }] });
        let deps = invocation.reconcile(&self.0.fixture);
        // The function reserves twenty seconds for saving its state.
        match deps.handle(event, deadline_in(Duration::from_secs(30))).await {
            Ok(_) => Reply::done(),
            Err(_) => Reply::Retry("again".to_owned()),
        }
    }

    async fn assert_end_state(&self) {
        self.0.assert_completed().await;
    }
}
