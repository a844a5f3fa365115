//! Scenarios of single uploads: grant, status, list, content, deletion.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use lambda_http_kit::HttpHandler;
use policy::key::ObjectKey;
use policy::upload::{Outcome, Record};
use serde_json::json;
use testkit::PNG;
use testkit::contract::validated;
use testkit::http::ApiRequest;
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;

use super::Scenario;
use super::fixture::{Fixture, Invocation, Reply, fresh_owner};

/// A request for a grant, with an idempotency key.
pub(super) struct Presign {
    fixture: Rc<Fixture>,
    call: ApiRequest,
    ids: RefCell<BTreeSet<String>>,
}

impl Scenario for Presign {
    const FUNCTION: &'static str = "presign";
    const TITLE: &'static str = "`POST /uploads` with an `Idempotency-Key`";
    const END_STATE: &'static str = "one id for every repeated request";
    const CALLS: &'static [&'static str] = &["PutItem idempotency"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let (subject, _) = fresh_owner();
        let body = json!({ "filename": "photo.png", "contentType": "image/png", "size": PNG.len() });
        let call =
            ApiRequest::new("POST", "/uploads").by(&subject).header("idempotency-key", "k").body(body.to_string());
        Self { fixture, call, ids: RefCell::default() }
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        let (config, records) = (self.fixture.config(&[]), invocation.records(&self.fixture));
        let deps = presign::Deps { config, records, env: invocation.env() };
        let response = deps.handle(self.call.request()).await;
        let (reply, body) = Reply::of_response(&response);
        self.ids.borrow_mut().extend(body["id"].as_str().map(str::to_owned));
        reply
    }

    async fn assert_end_state(&self) {
        assert_eq!(self.ids.borrow().len(), 1, "{:?}", self.ids);
    }
}

/// Puts an object, and writes its verdict if `accepted`.
async fn put_object(fixture: &Fixture, key: &ObjectKey, accepted: bool) {
    let version = fixture.bucket.put_granted(key, PNG).await;
    if accepted {
        fixture.records().put_verdict(&validated(key, &version, Outcome::Accepted)).await.unwrap();
    }
}

/// A GET request. `KIND` selects the route and the field of the answer that is checked.
pub(super) struct Get<const KIND: usize> {
    fixture: Rc<Fixture>,
    call: ApiRequest,
}

pub(super) type GetStatus = Get<0>;
pub(super) type GetStatusBeforeVerdict = Get<1>;
pub(super) type ListUploads = Get<2>;
pub(super) type GetContent = Get<3>;

impl<const KIND: usize> Scenario for Get<KIND> {
    const FUNCTION: &'static str = "uploads";
    const TITLE: &'static str = [
        "`GET /uploads/{id}` of an accepted upload",
        "`GET /uploads/{id}` before there is a verdict",
        "`GET /uploads`",
        "`GET /uploads/{id}/content`",
    ][KIND];
    const END_STATE: &'static str = "the correct answer, or 503";
    const CALLS: &'static [&'static str] =
        [&["GetItem upload"] as &[_], &["GetItem upload", "HeadObject"], &["Query byOwner"], &["GetItem upload"]][KIND];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let (subject, key) = fresh_owner();
        put_object(&fixture, &key, KIND != 1).await;
        let path = match KIND {
            2 => "/uploads".to_owned(),
            3 => format!("/uploads/{}/content", key.id()),
            _ => format!("/uploads/{}", key.id()),
        };
        Self { fixture, call: ApiRequest::new("GET", &path).by(&subject) }
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        let (reply, body) = invocation.call_uploads(&self.fixture, &self.call).await;
        if matches!(reply, Reply::Done(_)) {
            let is_correct = match KIND {
                0 => body["status"] == "accepted",
                1 => body["status"] == "validating",
                2 => body["items"][0]["status"] == "accepted",
                _ => body["url"].is_string(),
            };
            assert!(is_correct, "{body}");
        }
        reply
    }

    async fn assert_end_state(&self) {}
}

/// The deletion of an accepted upload with a second version.
pub(super) struct DeleteUpload {
    fixture: Rc<Fixture>,
    key: ObjectKey,
    call: ApiRequest,
}

impl Scenario for DeleteUpload {
    const FUNCTION: &'static str = "uploads";
    const TITLE: &'static str = "`DELETE /uploads/{id}`";
    const END_STATE: &'static str = "a tombstone, and no version";
    const CALLS: &'static [&'static str] = &[
        "GetItem upload",
        "PutItem upload",
        "ListObjectVersions",
        "DeleteObject",
        "DeleteObject",
        "GetItem session",
        "UpdateItem upload",
    ];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let (subject, key) = fresh_owner();
        put_object(&fixture, &key, true).await;
        put_object(&fixture, &key, false).await;
        let call = ApiRequest::new("DELETE", &format!("/uploads/{}", key.id())).by(&subject);
        Self { fixture, key, call }
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        invocation.call_uploads(&self.fixture, &self.call).await.0
    }

    async fn assert_end_state(&self) {
        let record = self.fixture.records().get(self.key.id()).await.unwrap();
        assert_eq!(record, Some(Record::Deleted(self.key.clone())));
        assert_eq!(self.fixture.objects().versions(&self.key).await.unwrap(), Vec::<String>::new());
    }
}
