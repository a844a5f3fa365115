//! Scenes of single uploads: granted, asked for, listed, fetched, deleted.

use lambda_http_kit::HttpHandler;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use policy::key::ObjectKey;
use policy::upload::{Outcome, Record};
use serde_json::json;
use testkit::contract::{Stocking, validated};
use testkit::http::Call;
use testkit::{PNG, Upload, grant};
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;

use super::Scenario;
use super::fixture::{Fixture, Said, Way, somebody};

/// A grant with an idempotency key.
pub(super) struct Granting {
    fixture: Rc<Fixture>,
    call: Call,
    ids: RefCell<BTreeSet<String>>,
}

impl Scenario for Granting {
    const FUNCTION: &'static str = "presign";
    const WHAT: &'static str = "`POST /uploads` with an `Idempotency-Key`";
    const END: &'static str = "one id for every repeated request";
    const CALLS: &'static [&'static str] = &["PutItem idempotency"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let (subject, _) = somebody();
        let body = json!({ "filename": "photo.png", "contentType": "image/png", "size": PNG.len() });
        let call = Call::new("POST", "/uploads").by(&subject).header("idempotency-key", "k").body(body.to_string());
        Self { fixture, call, ids: RefCell::default() }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let (config, records) = (self.fixture.config(&[]), way.records(&self.fixture));
        let deps = presign::Deps { config, records, env: way.env() };
        let response = deps.handle(self.call.request()).await;
        let (said, body) = Said::over_http(&response);
        self.ids.borrow_mut().extend(body["id"].as_str().map(str::to_owned));
        said
    }

    async fn check(&self) {
        assert_eq!(self.ids.borrow().len(), 1, "{:?}", self.ids);
    }
}

/// What is there of somebody's upload before they ask.
async fn arrived(fixture: &Fixture, key: &ObjectKey, accepted: bool) -> String {
    let upload = Upload::granted(&grant(key.owner(), PNG.len() as u64), PNG);
    let version = fixture.stock.put(key, &upload).await;
    if accepted {
        fixture.records().put_verdict(&validated(key, &version, Outcome::Accepted)).await.unwrap();
    }
    version
}

/// A question that changes nothing: what it is, and which part of the answer tells that it is right.
pub(super) struct Reading<const WHICH: usize> {
    fixture: Rc<Fixture>,
    call: Call,
}

pub(super) type Status = Reading<0>;
pub(super) type Waiting = Reading<1>;
pub(super) type Listing = Reading<2>;
pub(super) type Fetching = Reading<3>;

impl<const WHICH: usize> Scenario for Reading<WHICH> {
    const FUNCTION: &'static str = "uploads";
    const WHAT: &'static str = [
        "`GET /uploads/{id}` of an accepted upload",
        "`GET /uploads/{id}` before there is a verdict",
        "`GET /uploads`",
        "`GET /uploads/{id}/content`",
    ][WHICH];
    const END: &'static str = "the right answer, or none";
    const CALLS: &'static [&'static str] =
        [&["GetItem upload"] as &[_], &["GetItem upload", "HeadObject"], &["Query byOwner"], &["GetItem upload"]]
            [WHICH];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let (subject, key) = somebody();
        arrived(&fixture, &key, WHICH != 1).await;
        let path = match WHICH {
            2 => "/uploads".to_owned(),
            3 => format!("/uploads/{}/content", key.id()),
            _ => format!("/uploads/{}", key.id()),
        };
        Self { fixture, call: Call::new("GET", &path).by(&subject) }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let (records, objects) = (way.records(&self.fixture), way.objects(&self.fixture));
        let deps = uploads::Deps { config: self.fixture.config(&[]), records, objects, env: way.env() };
        let (said, body) = Said::over_http(&deps.handle(self.call.request()).await);
        if matches!(said, Said::Done(_)) {
            let right = match WHICH {
                0 => body["status"] == "accepted",
                1 => body["status"] == "validating",
                2 => body["items"][0]["status"] == "accepted",
                _ => body["url"].is_string(),
            };
            assert!(right, "{body}");
        }
        said
    }

    async fn check(&self) {}
}

/// A deletion.
pub(super) struct Deleting {
    fixture: Rc<Fixture>,
    key: ObjectKey,
    call: Call,
}

impl Scenario for Deleting {
    const FUNCTION: &'static str = "uploads";
    const WHAT: &'static str = "`DELETE /uploads/{id}`";
    const END: &'static str = "a tombstone, and no version";
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
        let (subject, key) = somebody();
        arrived(&fixture, &key, true).await;
        arrived(&fixture, &key, false).await;
        let call = Call::new("DELETE", &format!("/uploads/{}", key.id())).by(&subject);
        Self { fixture, key, call }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let (records, objects) = (way.records(&self.fixture), way.objects(&self.fixture));
        let deps = uploads::Deps { config: self.fixture.config(&[]), records, objects, env: way.env() };
        Said::over_http(&deps.handle(self.call.request()).await).0
    }

    async fn check(&self) {
        let record = self.fixture.records().get(self.key.id()).await.unwrap();
        assert_eq!(record, Some(Record::Deleted(self.key.clone())));
        assert_eq!(self.fixture.objects().versions(&self.key).await.unwrap(), Vec::<String>::new());
    }
}
