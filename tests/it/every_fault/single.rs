//! Scenes of single uploads: granted, asked for, listed, fetched, deleted.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::json;
use shared::key::ObjectKey;
use shared::objects::Objects;
use shared::records::UploadRecords;
use shared::testing::contract::{Stocking, judged};
use shared::testing::http::Call;
use shared::testing::{PNG, Upload, grant};
use shared::upload::{Outcome, Record};

use super::Scene;
use super::ground::{Ground, Said, Way, somebody};

/// A grant with an idempotency key.
pub(super) struct Granting {
    ground: Rc<Ground>,
    call: Call,
    ids: RefCell<BTreeSet<String>>,
}

impl Scene for Granting {
    const FUNCTION: &'static str = "presign";
    const WHAT: &'static str = "`POST /uploads` with an `Idempotency-Key`";
    const END: &'static str = "one id, however often it is asked for";
    const CALLS: &'static [&'static str] = &["PutItem answer"];

    async fn prepare(ground: Rc<Ground>) -> Self {
        let (subject, _) = somebody();
        let body = json!({ "filename": "photo.png", "contentType": "image/png", "size": PNG.len() });
        let call = Call::new("POST", "/uploads").by(&subject).header("idempotency-key", "k").body(body.to_string());
        Self { ground, call, ids: RefCell::default() }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let (config, answers) = (self.ground.config(&[]), way.records(&self.ground));
        let deps = presign::Deps { config, answers, ambient: way.ambient() };
        let response = presign::handle(&deps, self.call.request()).await.unwrap();
        let (said, body) = Said::over_http(&response);
        self.ids.borrow_mut().extend(body["id"].as_str().map(str::to_owned));
        said
    }

    async fn check(&self) {
        assert_eq!(self.ids.borrow().len(), 1, "{:?}", self.ids);
    }
}

/// What is there of somebody's upload before they ask.
async fn arrived(ground: &Ground, key: &ObjectKey, accepted: bool) -> String {
    let upload = Upload::granted(&grant(key.owner(), PNG.len() as u64), PNG);
    let version = ground.stock.put(key, &upload).await;
    if accepted {
        ground.records().judge(&judged(key, &version, Outcome::Accepted)).await.unwrap();
    }
    version
}

/// A question that changes nothing: what it is, and which part of the answer tells that it is right.
pub(super) struct Reading<const WHICH: usize> {
    ground: Rc<Ground>,
    call: Call,
}

pub(super) type Status = Reading<0>;
pub(super) type Waiting = Reading<1>;
pub(super) type Listing = Reading<2>;
pub(super) type Fetching = Reading<3>;

impl<const WHICH: usize> Scene for Reading<WHICH> {
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

    async fn prepare(ground: Rc<Ground>) -> Self {
        let (subject, key) = somebody();
        arrived(&ground, &key, WHICH != 1).await;
        let path = match WHICH {
            2 => "/uploads".to_owned(),
            3 => format!("/uploads/{}/content", key.id()),
            _ => format!("/uploads/{}", key.id()),
        };
        Self { ground, call: Call::new("GET", &path).by(&subject) }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let (records, objects) = (way.records(&self.ground), way.objects(&self.ground));
        let deps = uploads::Deps { config: self.ground.config(&[]), records, objects, ambient: way.ambient() };
        let (said, body) = Said::over_http(&uploads::handle(&deps, self.call.request()).await.unwrap());
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
    ground: Rc<Ground>,
    key: ObjectKey,
    call: Call,
}

impl Scene for Deleting {
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

    async fn prepare(ground: Rc<Ground>) -> Self {
        let (subject, key) = somebody();
        arrived(&ground, &key, true).await;
        arrived(&ground, &key, false).await;
        let call = Call::new("DELETE", &format!("/uploads/{}", key.id())).by(&subject);
        Self { ground, key, call }
    }

    async fn act(&self, way: &Way<'_>) -> Said {
        let (records, objects) = (way.records(&self.ground), way.objects(&self.ground));
        let deps = uploads::Deps { config: self.ground.config(&[]), records, objects, ambient: way.ambient() };
        Said::over_http(&uploads::handle(&deps, self.call.request()).await.unwrap()).0
    }

    async fn check(&self) {
        let record = self.ground.records().get(self.key.id()).await.unwrap();
        assert_eq!(record, Some(Record::Deleted(self.key.clone())));
        assert_eq!(self.ground.objects().versions(&self.key).await.unwrap(), Vec::<String>::new());
    }
}
