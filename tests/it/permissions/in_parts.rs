//! What each action of the functions around uploads in parts is for.

use std::sync::OnceLock;

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use local_stack::aws::json_call;
use local_stack::http::{Answer, send};
use local_stack::stack::Stack;
use policy::key::ObjectKey;
use policy::session::{Session, State};
use policy::size::ByteSize;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uploads_core::ports::multipart_uploads::{CompleteMultipartUpload, CreateMultipartUpload, MultipartUploads};
use uploads_core::ports::sessions::Sessions;

use crate::ports::config;
use crate::world::{Grant, Person, key_in};

/// Waits for what root does behind the functions' backs.
fn wait<T>(work: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap()).block_on(work)
}

fn bucket(stack: &Stack) -> S3Objects {
    S3Objects::new(Clients::of(config(), true), &stack.bucket)
}

fn table(stack: &Stack) -> DynamoRecords {
    DynamoRecords::new(Clients::of(config(), true), &stack.table)
}

/// Somebody's session on a stack.
struct Begun<'a> {
    stack: &'a Stack,
    alice: &'a Person,
    answer: Value,
}

impl<'a> Begun<'a> {
    fn new(stack: &'a Stack, alice: &'a Person, body: &Value) -> Self {
        let answer = begin(alice, body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        Self { stack, alice, answer: answer.json() }
    }

    /// A session without a declared size.
    fn of_any_size(stack: &'a Stack, alice: &'a Person) -> Self {
        Self::new(stack, alice, &json!({ "filename": "a.png", "contentType": "image/png", "class": "avatar" }))
    }

    fn id(&self) -> &str {
        self.answer["id"].as_str().unwrap()
    }

    fn key(&self) -> ObjectKey {
        ObjectKey::parse(&key_in(self.stack, &Grant(self.answer["parts"][0].clone()))).unwrap()
    }

    fn session(&self) -> Session {
        wait(table(self.stack).session(&self.key())).unwrap().unwrap()
    }

    fn upload(&self) -> String {
        match self.session().state {
            State::Open { upload } => upload,
            other => panic!("{other:?} has no upload"),
        }
    }

    /// Makes it look as if the process that began it had died before it could tell.
    fn forget_upload(&self) {
        let session = self.session();
        let redacted = Session { state: State::Opening, revision: session.revision + 1, ..session };
        wait(table(self.stack).change(&redacted)).unwrap();
    }

    fn send(&self, bytes: &[u8]) -> u16 {
        let url = self.answer["parts"][0]["url"].as_str().unwrap();
        send("PUT", url, &[], bytes).unwrap().status
    }

    fn call(&self, method: &str, rest: &str, body: &str) -> Answer {
        self.alice.call(method, &format!("/uploads/multipart/{}{rest}", self.id()), &[], body.as_bytes())
    }
}

fn begin(alice: &Person, body: &Value) -> Answer {
    alice.call("POST", "/uploads/multipart", &[], body.to_string().as_bytes())
}

fn csv() -> Value {
    json!({ "filename": "a.csv", "contentType": "text/csv", "size": 4 })
}

/// Whether what the action is for works; `None` for an action of other functions.
pub(super) fn scenario(stack: &Stack, alice: &Person, role: &str, action: &str) -> Option<bool> {
    let begun = || Begun::new(stack, alice, &csv());
    Some(match (role, action) {
        ("initiate", "dynamodb:PutItem" | "s3:PutObject") => begin(alice, &csv()).status == 201,
        ("initiate", "dynamodb:UpdateItem") => {
            let body = json!({ "filename": "a.png", "contentType": "image/png", "class": "avatar" });
            begin(alice, &body).status == 201
        }
        ("initiate", "s3:AbortMultipartUpload" | "s3:ListMultipartUploadParts" | "s3:ListBucketMultipartUploads") => {
            one_too_many(stack, alice)
        }
        ("parts", "dynamodb:GetItem") => begun().call("POST", "/parts", r#"{"from": 1}"#).status == 200,
        // Signed by the function that begins, the first page would not tell.
        ("parts", "s3:PutObject") => {
            let begun = begun();
            let page = begun.call("POST", "/parts", r#"{"from": 1}"#).json();
            send("PUT", page["parts"][0]["url"].as_str().unwrap(), &[], b"a,b\n").unwrap().status == 200
        }
        ("parts", "s3:ListMultipartUploadParts") => begun().call("GET", "/parts", "").status == 200,
        ("parts", "dynamodb:PutItem" | "s3:GetObject") => {
            let begun = begun();
            wait(bucket(stack).abort_upload(&begun.key(), &begun.upload())).unwrap();
            begun.call("GET", "/parts", "").status == 200
        }
        ("parts", "dynamodb:UpdateItem" | "s3:AbortMultipartUpload") => {
            let begun = Begun::of_any_size(stack, alice);
            assert_eq!(begun.send(&vec![0; 5_000_001]), 200);
            begun.call("GET", "/parts", "").status == 422
        }
        ("complete", "dynamodb:UpdateItem" | "dynamodb:PutItem" | "s3:PutObject" | "s3:ListMultipartUploadParts") => {
            let begun = begun();
            assert_eq!(begun.send(b"a,b\n"), 200);
            begun.call("POST", "/complete", "").status == 200
        }
        ("complete", "dynamodb:GetItem" | "s3:AbortMultipartUpload") => begun().call("DELETE", "", "").status == 200,
        ("complete", "s3:GetObject") => {
            let begun = begun();
            assert_eq!(begun.send(b"a,b\n"), 200);
            begun.call("POST", "/complete", r#"{"parts": [{"partNumber": 1, "etag": "other"}]}"#).status == 409
        }
        ("complete", "s3:ListBucketMultipartUploads") => {
            let begun = begun();
            begun.forget_upload();
            begun.call("DELETE", "", "").status == 200
        }
        ("uploads", "s3:AbortMultipartUpload" | "s3:ListMultipartUploadParts") => {
            alice.delete(begun().id()).status == 200
        }
        ("uploads", "s3:ListBucketMultipartUploads") => {
            let begun = begun();
            begun.forget_upload();
            alice.delete(begun.id()).status == 200
        }
        ("validate", "dynamodb:GetItem" | "dynamodb:UpdateItem") => closed_by_its_event(stack, alice),
        _ => return None,
    })
}

/// As many sessions without a size as the class allows are open, and one of a dead process lies under the key of the
/// next: it is refused, and what lies there is taken back.
fn one_too_many(stack: &Stack, alice: &Person) -> bool {
    let some = Begun::of_any_size(stack, alice);
    let owner = some.key().owner().clone();
    let taken: Vec<String> = (0..100).map(|n| format!("taken-{n}")).collect();
    update(stack, &owner, "ADD #open :ids", &taken);
    let key = format!("too-many-{}", some.id());
    let body = json!({ "filename": "a.png", "contentType": "image/png", "class": "avatar" });
    let ask = || alice.call("POST", "/uploads/multipart", &[("idempotency-key", &key)], body.to_string().as_bytes());
    let first = ask();
    // The answer names no session: what the table holds of the newest one does.
    let refused = newest_session(stack);
    let beginning = CreateMultipartUpload {
        content_type: "image/png".to_owned(),
        encoded_grant: String::new(),
        generation: 1,
        checksum: None,
    };
    wait(bucket(stack).create_upload(&refused, &beginning)).unwrap();
    let item = json!({ "TableName": stack.table, "Key": { "pk": { "S": format!("session#{}", refused.id()) } } });
    json_call(&stack.endpoint, "dynamodb", "DynamoDB_20120810.DeleteItem", &item).unwrap();
    let second = ask();
    update(stack, &owner, "DELETE #open :ids", &taken);
    (first.status, second.status) == (429, 429)
}

fn update(stack: &Stack, owner: &policy::key::OwnerId, expression: &str, ids: &[String]) {
    let update = json!({
        "TableName": stack.table,
        "Key": { "pk": { "S": format!("unsized#{}", owner.as_str()) } },
        "UpdateExpression": expression,
        "ExpressionAttributeNames": { "#open": "open" },
        "ExpressionAttributeValues": { ":ids": { "SS": ids } },
    });
    json_call(&stack.endpoint, "dynamodb", "DynamoDB_20120810.UpdateItem", &update).unwrap();
}

fn newest_session(stack: &Stack) -> ObjectKey {
    let scan = json!({
        "TableName": stack.table,
        "FilterExpression": "begins_with(pk, :session)",
        "ExpressionAttributeValues": { ":session": { "S": "session#" } },
    });
    let answer = json_call(&stack.endpoint, "dynamodb", "DynamoDB_20120810.Scan", &scan).unwrap();
    let newest =
        answer["Items"].as_array().unwrap().iter().max_by_key(|item| item["id"]["S"].as_str().unwrap().to_owned());
    ObjectKey::parse(newest.unwrap()["key"]["S"].as_str().unwrap()).unwrap()
}

/// Put together behind the functions' backs: only the object's own event can close the session.
fn closed_by_its_event(stack: &Stack, alice: &Person) -> bool {
    let begun = Begun::of_any_size(stack, alice);
    let (key, upload) = (begun.key(), begun.upload());
    let png = crate::world::asset("lock.png");
    let complete = || {
        assert_eq!(begun.send(&png), 200);
        let part = wait(bucket(stack).list_parts(&key, &upload, None)).unwrap().unwrap().parts.remove(0);
        let size = ByteSize::from_bytes(png.len() as u64);
        let parts = vec![(part.number, part.etag, None)];
        let assembly = CompleteMultipartUpload { parts, part_checksum: None, size, checksum: None };
        wait(bucket(stack).complete_upload(&key, &upload, &assembly)).unwrap();
        200
    };
    super::settles(stack, complete, || matches!(begun.session().state, State::Completed(_)))
}
