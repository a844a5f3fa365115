//! The features that need the IAM actions of the multipart functions.

use std::sync::OnceLock;

use local_stack::http::{Answer, send};
use local_stack::stack::Stack;
use policy::key::ObjectKey;
use policy::session::{Session, State};
use policy::size::ByteSize;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uploads_core::ports::multipart_uploads::{CompleteMultipartUpload, CreateMultipartUpload, MultipartUploads};
use uploads_core::ports::sessions::Sessions;

use crate::adapters::{objects, records};
use crate::api::{Grant, User};
use crate::aws::{delete_item, dynamodb, key_at};

/// Runs a direct call to the adapters to its end.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap()).block_on(work)
}

/// A session of Alice's that `POST /uploads/multipart` created.
struct CreatedSession<'a> {
    stack: &'a Stack,
    alice: &'a User,
    answer: Value,
}

impl<'a> CreatedSession<'a> {
    fn new(stack: &'a Stack, alice: &'a User, body: &Value) -> Self {
        let answer = create(alice, body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        Self { stack, alice, answer: answer.json() }
    }

    /// A session without a declared size.
    fn without_size(stack: &'a Stack, alice: &'a User) -> Self {
        Self::new(stack, alice, &json!({ "filename": "a.png", "contentType": "image/png", "class": "avatar" }))
    }

    fn id(&self) -> &str {
        self.answer["id"].as_str().unwrap()
    }

    fn key(&self) -> ObjectKey {
        ObjectKey::parse(&key_at(self.stack, &Grant(self.answer["parts"][0].clone()))).unwrap()
    }

    fn session(&self) -> Session {
        block_on(records(&self.stack.table).session(&self.key())).unwrap().unwrap()
    }

    fn upload(&self) -> String {
        match self.session().state {
            State::Open { upload } => upload,
            other => panic!("{other:?} has no upload id"),
        }
    }

    /// Removes the upload id from the session, as if the process had been killed before it could store it.
    fn remove_upload_id(&self) {
        let session = self.session();
        let opening = Session { state: State::Opening, revision: session.revision + 1, ..session };
        block_on(records(&self.stack.table).change(&opening)).unwrap();
    }

    fn send(&self, bytes: &[u8]) -> u16 {
        let url = self.answer["parts"][0]["url"].as_str().unwrap();
        send("PUT", url, &[], bytes).unwrap().status
    }

    fn call(&self, method: &str, rest: &str, body: &str) -> Answer {
        self.alice.call(method, &format!("/uploads/multipart/{}{rest}", self.id()), &[], body.as_bytes())
    }
}

fn create(alice: &User, body: &Value) -> Answer {
    alice.call("POST", "/uploads/multipart", &[], body.to_string().as_bytes())
}

fn csv() -> Value {
    json!({ "filename": "a.csv", "contentType": "text/csv", "size": 4 })
}

/// Uses the feature that needs the action, and returns whether it works. `None` for an action of another function.
pub(super) fn works(stack: &Stack, alice: &User, function: &str, action: &str) -> Option<bool> {
    let session = || CreatedSession::new(stack, alice, &csv());
    Some(match (function, action) {
        ("initiate", "dynamodb:PutItem" | "s3:PutObject") => create(alice, &csv()).status == 201,
        ("initiate", "dynamodb:UpdateItem") => {
            let body = json!({ "filename": "a.png", "contentType": "image/png", "class": "avatar" });
            create(alice, &body).status == 201
        }
        ("initiate", "s3:AbortMultipartUpload" | "s3:ListMultipartUploadParts" | "s3:ListBucketMultipartUploads") => {
            refuses_one_session_too_many(stack, alice)
        }
        ("parts", "dynamodb:GetItem") => session().call("POST", "/parts", r#"{"from": 1}"#).status == 200,
        // multipart-initiate signs the first page. This one is signed by multipart-parts.
        ("parts", "s3:PutObject") => {
            let session = session();
            let page = session.call("POST", "/parts", r#"{"from": 1}"#).json();
            send("PUT", page["parts"][0]["url"].as_str().unwrap(), &[], b"a,b\n").unwrap().status == 200
        }
        ("parts", "s3:ListMultipartUploadParts") => session().call("GET", "/parts", "").status == 200,
        ("parts", "dynamodb:PutItem" | "s3:GetObject") => {
            let session = session();
            block_on(objects(&stack.bucket).abort_upload(&session.key(), &session.upload())).unwrap();
            session.call("GET", "/parts", "").status == 200
        }
        ("parts", "dynamodb:UpdateItem" | "s3:AbortMultipartUpload") => {
            let session = CreatedSession::without_size(stack, alice);
            assert_eq!(session.send(&vec![0; 5_000_001]), 200);
            session.call("GET", "/parts", "").status == 422
        }
        ("complete", "dynamodb:UpdateItem" | "dynamodb:PutItem" | "s3:PutObject" | "s3:ListMultipartUploadParts") => {
            let session = session();
            assert_eq!(session.send(b"a,b\n"), 200);
            session.call("POST", "/complete", "").status == 200
        }
        ("complete", "dynamodb:GetItem" | "s3:AbortMultipartUpload") => session().call("DELETE", "", "").status == 200,
        ("complete", "s3:GetObject") => {
            let session = session();
            assert_eq!(session.send(b"a,b\n"), 200);
            session.call("POST", "/complete", r#"{"parts": [{"partNumber": 1, "etag": "other"}]}"#).status == 409
        }
        ("complete", "s3:ListBucketMultipartUploads") => {
            let session = session();
            session.remove_upload_id();
            session.call("DELETE", "", "").status == 200
        }
        ("uploads", "s3:AbortMultipartUpload" | "s3:ListMultipartUploadParts") => {
            alice.delete(session().id()).status == 200
        }
        ("uploads", "s3:ListBucketMultipartUploads") => {
            let session = session();
            session.remove_upload_id();
            alice.delete(session.id()).status == 200
        }
        ("validate", "dynamodb:GetItem" | "dynamodb:UpdateItem") => event_completes_the_session(stack, alice),
        _ => return None,
    })
}

/// The owner already has as many sessions without a size as the class allows. A killed process has left an upload under
/// the key of the next session. The function refuses the session and aborts that upload.
fn refuses_one_session_too_many(stack: &Stack, alice: &User) -> bool {
    let existing = CreatedSession::without_size(stack, alice);
    let owner = existing.key().owner().clone();
    let open: Vec<String> = (0..100).map(|n| format!("open-{n}")).collect();
    update_unsized(stack, &owner, "ADD #open :ids", &open);
    let key = format!("too-many-{}", existing.id());
    let body = json!({ "filename": "a.png", "contentType": "image/png", "class": "avatar" });
    let request =
        || alice.call("POST", "/uploads/multipart", &[("idempotency-key", &key)], body.to_string().as_bytes());
    let first = request();
    // The 429 has no session id, so the test reads the newest session from the table.
    let refused = newest_session(stack);
    let create_request = CreateMultipartUpload {
        content_type: "image/png".to_owned(),
        encoded_grant: String::new(),
        generation: 1,
        checksum: None,
    };
    block_on(objects(&stack.bucket).create_upload(&refused, &create_request)).unwrap();
    delete_item(&stack.table, &format!("session#{}", refused.id()));
    let second = request();
    update_unsized(stack, &owner, "DELETE #open :ids", &open);
    (first.status, second.status) == (429, 429)
}

/// Changes the set of the owner's open sessions without a size.
fn update_unsized(stack: &Stack, owner: &policy::key::OwnerId, expression: &str, ids: &[String]) {
    let update = json!({
        "TableName": stack.table,
        "Key": { "pk": { "S": format!("unsized#{}", owner.as_str()) } },
        "UpdateExpression": expression,
        "ExpressionAttributeNames": { "#open": "open" },
        "ExpressionAttributeValues": { ":ids": { "SS": ids } },
    });
    dynamodb("UpdateItem", &update);
}

fn newest_session(stack: &Stack) -> ObjectKey {
    let scan = json!({
        "TableName": stack.table,
        "FilterExpression": "begins_with(pk, :session)",
        "ExpressionAttributeValues": { ":session": { "S": "session#" } },
    });
    let answer = dynamodb("Scan", &scan);
    let newest =
        answer["Items"].as_array().unwrap().iter().max_by_key(|item| item["id"]["S"].as_str().unwrap().to_owned());
    ObjectKey::parse(newest.unwrap()["key"]["S"].as_str().unwrap()).unwrap()
}

/// Completes the upload directly in S3. Only the object's event can then complete the session.
fn event_completes_the_session(stack: &Stack, alice: &User) -> bool {
    let session = CreatedSession::without_size(stack, alice);
    let (key, upload) = (session.key(), session.upload());
    let png = crate::support::asset("lock.png");
    let complete = || {
        assert_eq!(session.send(&png), 200);
        let part = block_on(objects(&stack.bucket).list_parts(&key, &upload, None)).unwrap().unwrap().parts.remove(0);
        let size = ByteSize::from_bytes(png.len() as u64);
        let parts = vec![(part.number, part.etag, None)];
        let complete_request = CompleteMultipartUpload { parts, part_checksum: None, size, checksum: None };
        block_on(objects(&stack.bucket).complete_upload(&key, &upload, &complete_request)).unwrap();
        200
    };
    super::has_effect(stack, complete, || matches!(session.session().state, State::Completed(_)))
}
