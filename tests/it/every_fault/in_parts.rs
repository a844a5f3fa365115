//! Scenes of uploads in parts: begun, signed, listed, completed, handed over, given up.

use lambda_http_kit::{EventHandler, HttpHandler};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use aws_adapters::sqs::SqsQueue;
use jiff::{SignedDuration, Timestamp};
use policy::key::ObjectKey;
use policy::session::{Cleanup, CompletionRequest, Lease, Session, State};
use policy::upload::Record;
use serde_json::json;
use testkit::http::Call;
use testkit::session_of;
use uploads_core::multipart::CompletionJob;
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::object_listing::ObjectListing;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

use super::Scenario;
use super::between::Fault;
use super::fixture::{Fixture, Said, Way, somebody, within};
use crate::reconcile::{begin, opened};
use crate::world::messages;

/// How large the one part is.
const SIZE: u64 = 5;

/// A beginning with an idempotency key.
pub(super) struct Beginning {
    fixture: Rc<Fixture>,
    call: Call,
    sessions: RefCell<BTreeSet<String>>,
    subject: String,
}

impl Scenario for Beginning {
    const FUNCTION: &'static str = "multipart-initiate";
    const WHAT: &'static str = "`POST /uploads/multipart` with an `Idempotency-Key`";
    const END: &'static str = "one open session with its multipart upload in S3; the reconciler finds the uploads of lost tries by the session's key";
    const CALLS: &'static [&'static str] =
        &["PutItem idempotency", "PutItem session", "CreateMultipartUpload", "PutItem session"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let (subject, _) = somebody();
        let body = json!({ "filename": "photo.png", "contentType": "image/png", "size": 20 << 20 });
        let call = Call::new("POST", "/uploads/multipart").by(&subject).header("idempotency-key", "k");
        Self { fixture, call: call.body(body.to_string()), sessions: RefCell::default(), subject }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let (records, store) = (way.records(&self.fixture), way.objects(&self.fixture));
        let deps =
            multipart_initiate::Deps { config: self.fixture.config(&[]), records, objects: store, env: way.env() };
        let (said, body) = Said::over_http(&deps.handle(self.call.request()).await);
        self.sessions.borrow_mut().extend(body["sessionId"].as_str().map(str::to_owned));
        said
    }

    async fn check(&self) {
        let sessions = self.sessions.borrow().clone();
        let [id] = sessions.iter().collect::<Vec<_>>()[..] else { panic!("{sessions:?}") };
        let key = ObjectKey::new(testkit::owner(&self.subject), policy::key::UploadId::parse(id).unwrap());
        let State::Open { upload } = self.fixture.records().session(&key).await.unwrap().unwrap().state else {
            panic!("{id} is not open")
        };
        let found = self.fixture.objects().list_in_progress(&key.to_string(), None).await.unwrap().uploads;
        // One for each of three tries, and one more.
        assert!(found.iter().any(|found| found.upload == upload) && found.len() <= 4, "{upload}: {found:?}");
    }
}

/// A session whose one part has arrived.
struct Open {
    fixture: Rc<Fixture>,
    subject: String,
    key: ObjectKey,
}

/// A session of `key` that is still good for an hour.
pub(super) fn session(key: &ObjectKey) -> Session {
    let deadline = Timestamp::now().checked_add(SignedDuration::from_hours(1)).unwrap();
    Session { deadline, ..session_of(key, SIZE) }
}

impl Open {
    async fn new(fixture: Rc<Fixture>) -> Self {
        let (subject, key) = somebody();
        let upload = begin(&fixture.objects(), &fixture.stock, &key).await;
        opened(&fixture.records(), session(&key), &upload).await;
        Self { fixture, subject, key }
    }

    fn call(&self, method: &str, rest: &str) -> Call {
        Call::new(method, &format!("/uploads/multipart/{}{rest}", self.key.id())).by(&self.subject)
    }

    async fn complete(&self, way: &Way<'_>, call: &Call) -> Said {
        let (records, store) = (way.records(&self.fixture), way.objects(&self.fixture));
        let completions = SqsQueue::new(way.clients(), &self.fixture.queue);
        let config = self.fixture.config(&[]);
        let deps = multipart_complete::Deps { config, records, objects: store, completions, env: way.env() };
        Said::over_http(&deps.handle(call.request()).await).0
    }

    async fn parts(&self, way: &Way<'_>, call: &Call) -> (Said, usize) {
        let (records, store) = (way.records(&self.fixture), way.objects(&self.fixture));
        let deps = multipart_parts::Deps { config: self.fixture.config(&[]), records, objects: store, env: way.env() };
        let (said, body) = Said::over_http(&deps.handle(call.request()).await);
        (said, body["parts"].as_array().map_or(0, Vec::len))
    }

    async fn state(&self) -> State {
        self.fixture.records().session(&self.key).await.unwrap().unwrap().state
    }

    /// Exactly one object, of the right size, and the session knows it.
    async fn assert_whole(&self) {
        let State::Completed(whole) = self.state().await else { panic!("{:?}", self.state().await) };
        let lies = self.fixture.objects().list_versions(&self.key.to_string(), None).await.unwrap().versions;
        let lies: Vec<(&str, u64)> = lies.iter().map(|one| (one.version.as_str(), one.size.bytes())).collect();
        assert_eq!(lies, [(whole.version.as_str(), SIZE)]);
        self.assert_nothing_under_way().await;
    }

    async fn assert_nothing_under_way(&self) {
        let found = self.fixture.objects().list_in_progress(&self.key.to_string(), None).await.unwrap().uploads;
        assert!(found.is_empty(), "{found:?}");
    }
}

/// A page of URLs, or the parts that arrived.
pub(super) struct Parts<const LISTED: bool>(Open);

impl<const LISTED: bool> Scenario for Parts<LISTED> {
    const FUNCTION: &'static str = "multipart-parts";
    const WHAT: &'static str = if LISTED {
        "`GET …/{sessionId}/parts`"
    } else {
        "`POST …/{sessionId}/parts`, which extends the session's deadline"
    };
    const END: &'static str = "the right answer, or none";
    const CALLS: &'static [&'static str] =
        if LISTED { &["GetItem session", "ListParts"] } else { &["GetItem session", "PutItem session"] };

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(Open::new(fixture).await)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let call = if LISTED {
            self.0.call("GET", "/parts")
        } else {
            self.0.call("POST", "/parts").body(r#"{"partNumbers":[1]}"#)
        };
        let (said, parts) = self.0.parts(way, &call).await;
        assert_eq!(parts, usize::from(matches!(said, Said::Done(_))));
        said
    }

    async fn check(&self) {}
}

/// A completion.
pub(super) struct Completing(Open);

impl Scenario for Completing {
    const FUNCTION: &'static str = "multipart-complete";
    const WHAT: &'static str = "`POST …/{sessionId}/complete`";
    const END: &'static str = "exactly one object, and its session complete";
    const CALLS: &'static [&'static str] =
        &["UpdateItem session", "ListParts", "CompleteMultipartUpload", "PutItem session"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(Open::new(fixture).await)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.0.complete(way, &self.0.call("POST", "/complete")).await
    }

    async fn check(&self) {
        self.0.assert_whole().await;
    }
}

/// A completion that S3 says nothing to for longer than a request can wait.
pub(super) struct Handing(Open);

impl Scenario for Handing {
    const FUNCTION: &'static str = "multipart-complete";
    const WHAT: &'static str = "the same, when S3 needs longer than a request can wait";
    const END: &'static str = "202, and the next request finds the object";
    const CALLS: &'static [&'static str] =
        &["UpdateItem session", "ListParts", "CompleteMultipartUpload", "SendMessage"];
    const WEATHER: &'static [(&'static str, Fault)] = &[("CompleteMultipartUpload", Fault::Silent)];
    const ONLY: Option<&'static str> = Some("SendMessage");

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        // Of its own, so that its queue holds its own message only.
        drop(fixture);
        Self(Open::new(Rc::new(Fixture::new())).await)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let said = self.0.complete(way, &self.0.call("POST", "/complete")).await;
        if said == Said::Again("202".to_owned()) {
            for message in messages(&self.0.fixture.queue) {
                let completion_job = CompletionJob::read(&message.to_string()).unwrap();
                assert_eq!(completion_job.key, self.0.key);
            }
        }
        said
    }

    async fn check(&self) {
        self.0.assert_whole().await;
    }
}

/// Giving up.
pub(super) struct Aborting(Open);

impl Scenario for Aborting {
    const FUNCTION: &'static str = "multipart-complete";
    const WHAT: &'static str = "`DELETE …/{sessionId}`";
    const END: &'static str = "no upload, no object";
    const CALLS: &'static [&'static str] =
        &["GetItem session", "PutItem session", "AbortMultipartUpload", "ListParts", "PutItem session"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(Open::new(fixture).await)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        self.0.complete(way, &self.0.call("DELETE", "")).await
    }

    async fn check(&self) {
        self.0.assert_nothing_under_way().await;
        assert!(matches!(self.0.state().await, State::Aborted(_)), "{:?}", self.0.state().await);
        assert!(
            self.0.fixture.objects().list_versions(&self.0.key.to_string(), None).await.unwrap().versions.is_empty()
        );
    }
}

/// A deletion of what is still on its way.
pub(super) struct DeletingOpen(Open);

impl Scenario for DeletingOpen {
    const FUNCTION: &'static str = "uploads";
    const WHAT: &'static str = "`DELETE /uploads/{id}` of a multipart upload in progress";
    const END: &'static str = "a tombstone, no upload, no object, and nothing that the user typed";
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
        Self(Open::new(fixture).await)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let (fixture, key) = (&self.0.fixture, &self.0.key);
        let call = Call::new("DELETE", &format!("/uploads/{}", key.id())).by(&self.0.subject);
        let (records, objects) = (way.records(fixture), way.objects(fixture));
        let deps = uploads::Deps { config: fixture.config(&[]), records, objects, env: way.env() };
        Said::over_http(&deps.handle(call.request()).await).0
    }

    async fn check(&self) {
        let record = self.0.fixture.records().get(self.0.key.id()).await.unwrap();
        assert_eq!(record, Some(Record::Deleted(self.0.key.clone())));
        self.0.assert_nothing_under_way().await;
        assert!(matches!(self.0.state().await, State::Aborted(Cleanup::Done)), "{:?}", self.0.state().await);
        let session = self.0.fixture.records().session(&self.0.key).await.unwrap().unwrap();
        assert_eq!(session.grant, session.grant.redacted());
    }
}

/// A completion that was handed to the reconciler.
pub(super) struct HandedOver(Open);

impl Scenario for HandedOver {
    const FUNCTION: &'static str = "reconcile";
    const WHAT: &'static str = "a completion job";
    const END: &'static str = Completing::END;
    const CALLS: &'static [&'static str] = &[
        "GetItem session",
        "PutItem session",
        "HeadObject",
        "ListParts",
        "CompleteMultipartUpload",
        "PutItem session",
    ];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let open = Open::new(fixture).await;
        let now = Timestamp::now();
        let lease =
            Lease { holder: "request".to_owned(), until: now.checked_add(SignedDuration::from_mins(1)).unwrap() };
        open.fixture.records().lease(&open.key, &lease, &CompletionRequest::default(), now).await.unwrap();
        Self(open)
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let fixture = &self.0.fixture;
        let message = CompletionJob { key: self.0.key.clone(), holder: "request".to_owned() }.write();
        let event = json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "1", "body": message }] });
        let (records, objects) = (way.records(fixture), way.objects(fixture));
        let events = SqsQueue::new(way.clients(), &fixture.queue);
        let deps = reconcile::Deps { config: fixture.config(&[]), records, objects, events, env: way.env() };
        // Twenty seconds of it are for noting how far it came.
        match deps.handle(event, within(Duration::from_secs(30))).await {
            Ok(_) => Said::Done("done".to_owned()),
            Err(_) => Said::Again("again".to_owned()),
        }
    }

    async fn check(&self) {
        self.0.assert_whole().await;
    }
}
