//! The deployed stack as tests see it: people with tokens, and a look behind the scenes as root.

use std::path::Path;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use local_stack::aws::{json_call, rest_call};
use local_stack::http::{Answer, form, send};
use local_stack::stack::Stack;
use serde_json::{Value, json};

/// How long anything asynchronous may take. Generous, because it is a deadline and not a measurement.
const TIMEOUT: Duration = Duration::from_secs(90);

/// The stack that `cargo xtask up` started.
pub(crate) fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| Stack::read().unwrap())
}

/// A file of `tests/assets`.
pub(crate) fn asset(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)).unwrap()
}

/// Polls until `look` sees something.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(started.elapsed() < TIMEOUT, "{what}: not within {TIMEOUT:?}");
        sleep(Duration::from_millis(100));
    }
}

/// Somebody who calls the API.
#[derive(Clone)]
pub(crate) struct Person {
    api: String,
    token: Option<String>,
}

/// A grant as it was answered.
#[derive(Clone, Debug)]
pub(crate) struct Grant(pub(crate) Value);

impl Grant {
    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    pub(crate) fn url(&self) -> &str {
        self.0["url"].as_str().unwrap()
    }

    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let headers = self.0["headers"].as_object().unwrap();
        headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    }

    /// What S3 answers to the bytes, with exactly the headers of the grant.
    pub(crate) fn put(&self, bytes: &[u8]) -> Answer {
        put(self.url(), &self.headers(), bytes)
    }

    /// What S3 answers to the form.
    pub(crate) fn post(&self, bytes: &[u8]) -> Answer {
        let fields = self.0["fields"].as_object().unwrap();
        let fields: Vec<(String, String)> =
            fields.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        post(self.url(), &fields, bytes)
    }
}

pub(crate) fn put(url: &str, headers: &[(String, String)], bytes: &[u8]) -> Answer {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    send("PUT", url, &headers, bytes).unwrap()
}

pub(crate) fn post(url: &str, fields: &[(String, String)], bytes: &[u8]) -> Answer {
    let (kind, body) = form(fields, bytes);
    send("POST", url, &[("content-type", &kind)], &body).unwrap()
}

pub(crate) fn alice() -> Person {
    alice_of(stack())
}

/// Alice at another stack.
pub(crate) fn alice_of(stack: &Stack) -> Person {
    Person { api: stack.api_url.clone(), token: Some(stack.users[0].token.clone()) }
}

pub(crate) fn bob() -> Person {
    Person { api: stack().api_url.clone(), token: Some(stack().users[1].token.clone()) }
}

pub(crate) fn nobody() -> Person {
    Person { api: stack().api_url.clone(), token: None }
}

impl Person {
    pub(crate) fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut all: Vec<(&str, &str)> = vec![("content-type", "application/json")];
        all.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        all.extend(headers);
        send(method, &format!("{}{path}", self.api), &all, body).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], &[])
    }

    pub(crate) fn delete(&self, id: &str) -> Answer {
        self.call("DELETE", &format!("/uploads/{id}"), &[], &[])
    }

    /// Asks for a grant, whatever comes of it.
    pub(crate) fn ask(&self, body: &Value) -> Answer {
        self.call("POST", "/uploads", &[], body.to_string().as_bytes())
    }

    pub(crate) fn grant(&self, name: &str, content_type: &str, size: usize) -> Grant {
        let answer = self.ask(&json!({ "filename": name, "contentType": content_type, "size": size }));
        assert_eq!(answer.status, 201, "{}", answer.text());
        Grant(answer.json())
    }

    pub(crate) fn form(&self, name: &str, content_type: &str) -> Grant {
        let answer = self.ask(&json!({ "filename": name, "contentType": content_type, "method": "POST" }));
        assert_eq!(answer.status, 201, "{}", answer.text());
        Grant(answer.json())
    }

    /// Grant and PUT, as a client does.
    pub(crate) fn upload(&self, name: &str, content_type: &str, bytes: &[u8]) -> Grant {
        let grant = self.grant(name, content_type, bytes.len());
        let answer = grant.put(bytes);
        assert_eq!(answer.status, 200, "{}", answer.text());
        grant
    }

    pub(crate) fn status(&self, id: &str) -> Answer {
        self.get(&format!("/uploads/{id}"))
    }

    /// The record once it has a verdict.
    pub(crate) fn verdict(&self, id: &str) -> Value {
        eventually("a verdict", || {
            let record = self.status(id).json();
            matches!(record["status"].as_str(), Some("accepted" | "rejected")).then_some(record)
        })
    }
}

/// The key of a grant's object, read from its URL or its fields.
pub(crate) fn key_of(grant: &Grant) -> String {
    key_in(stack(), grant)
}

pub(crate) fn key_in(stack: &Stack, grant: &Grant) -> String {
    if let Some(key) = grant.0["fields"]["key"].as_str() {
        return key.to_owned();
    }
    let path = grant.url().split('?').next().unwrap();
    path.split_once(&format!("/{}/", stack.bucket)).unwrap().1.to_owned()
}

/// Versions and delete markers of a key, as root sees them.
pub(crate) fn versions(key: &str) -> Vec<String> {
    versions_in(stack(), key)
}

pub(crate) fn versions_in(stack: &Stack, key: &str) -> Vec<String> {
    let url = format!("{}/{}?versions&prefix={key}", stack.endpoint, stack.bucket);
    let xml = rest_call("GET", &url, "s3", &[]).unwrap().text();
    let ids = xml.split("<VersionId>").skip(1);
    ids.map(|rest| rest.split("</VersionId>").next().unwrap().to_owned()).collect()
}

/// How many uploads in parts S3 has under way for a key.
pub(crate) fn uploads_under_way(key: &str) -> usize {
    let url = format!("{}/{}?uploads&prefix={key}", stack().endpoint, stack().bucket);
    rest_call("GET", &url, "s3", &[]).unwrap().text().matches("<UploadId>").count()
}

/// A bucket that nobody watches, beside the deployed one.
pub(crate) fn quiet_bucket(name: &str, versioned: bool) {
    let url = format!("{}/{name}", stack().endpoint);
    let place = format!(
        "<CreateBucketConfiguration><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
        stack().region
    );
    let created = rest_call("PUT", &url, "s3", place.as_bytes());
    assert!(
        created.as_ref().is_ok() || created.as_ref().is_err_and(|e| format!("{e:#}").contains("409")),
        "{created:?}"
    );
    if versioned {
        let on = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        rest_call("PUT", &format!("{url}?versioning"), "s3", on).unwrap();
    }
}

/// A table like the deployed one, which no deployed function reads.
pub(crate) fn quiet_table(name: &str) -> String {
    let name = format!("{name}-{}", std::process::id());
    let attribute = |name: &str, kind: &str| json!({ "AttributeName": name, "AttributeType": kind });
    let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
    let body = json!({
        "TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [attribute("pk", "S"), attribute("dueShard", "S"), attribute("due", "N"), attribute("ownerShard", "S"), attribute("id", "S")],
        "KeySchema": [key("pk", "HASH")],
        "GlobalSecondaryIndexes": [{
            "IndexName": "byDue", "KeySchema": [key("dueShard", "HASH"), key("due", "RANGE")],
            "Projection": { "ProjectionType": "INCLUDE", "NonKeyAttributes": ["key"] }
        }, {
            "IndexName": "byOwner", "KeySchema": [key("ownerShard", "HASH"), key("id", "RANGE")],
            "Projection": { "ProjectionType": "ALL" }
        }]
    });
    json_call(&stack().endpoint, "dynamodb", "DynamoDB_20120810.CreateTable", &body).unwrap();
    name
}

/// A call to SQS, as root.
pub(crate) fn sqs(action: &str, body: &Value) -> Value {
    json_call(&stack().endpoint, "sqs", &format!("AmazonSQS.{action}"), body).unwrap()
}

/// A call to `EventBridge`, as root.
pub(crate) fn events(action: &str, body: &Value) -> Value {
    json_call(&stack().endpoint, "events", &format!("AWSEvents.{action}"), body).unwrap()
}

/// A queue of its own, which no function reads.
pub(crate) fn quiet_queue(name: &str) -> String {
    sqs("CreateQueue", &json!({ "QueueName": name }))["QueueUrl"].as_str().unwrap().to_owned()
}

/// The messages that nobody has received yet.
pub(crate) fn messages(queue: &str) -> Vec<Value> {
    let got = sqs("ReceiveMessage", &json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 }));
    let bodies = got["Messages"].as_array().cloned().unwrap_or_default();
    bodies.iter().map(|message| serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()).collect()
}

/// A queue for what a rule called `name` lets through on the default bus.
pub(crate) fn listen(name: &str, pattern: &Value) -> String {
    let queue = quiet_queue(name);
    let attributes = sqs("GetQueueAttributes", &json!({ "QueueUrl": queue, "AttributeNames": ["QueueArn"] }));
    events("PutRule", &json!({ "Name": name, "EventPattern": pattern.to_string() }));
    let target = json!([{ "Id": "queue", "Arn": attributes["Attributes"]["QueueArn"] }]);
    events("PutTargets", &json!({ "Rule": name, "Targets": target }));
    queue
}

/// The table's item of an upload, as root sees it.
pub(crate) fn item(id: &str) -> Option<Value> {
    let body =
        json!({ "TableName": stack().table, "Key": { "pk": { "S": format!("upload#{id}") } }, "ConsistentRead": true });
    let answer = json_call(&stack().endpoint, "dynamodb", "DynamoDB_20120810.GetItem", &body).unwrap();
    answer.get("Item").cloned()
}

/// Puts a message into the event queue, as if S3 had sent it.
pub(crate) fn enqueue(body: &Value) {
    let message = json!({ "QueueUrl": stack().queue, "MessageBody": body.to_string() });
    json_call(&stack().endpoint, "sqs", "AmazonSQS.SendMessage", &message).unwrap();
}

/// The event that S3 sends for a version.
pub(crate) fn created_event(bucket: &str, key: &str, version: Option<&str>) -> Value {
    let mut object = json!({ "key": key, "size": 1, "eTag": "e", "sequencer": "0055AED6DCD90281E5" });
    if let Some(version) = version {
        object["versionId"] = json!(version);
    }
    json!({ "Records": [{
        "eventVersion": "2.6", "eventSource": "aws:s3", "awsRegion": stack().region, "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-22T00:00:00.000Z", "s3": { "bucket": { "name": bucket }, "object": object }
    }] })
}

/// What a deployed function answers to an event.
pub(crate) fn invoke(function: &str, event: &Value) -> Answer {
    let url = format!("{}/2015-03-31/functions/{function}/invocations", stack().endpoint);
    rest_call("POST", &url, "lambda", event.to_string().as_bytes()).unwrap()
}

/// The log lines of a stack's function that hold all of `words`.
pub(crate) fn logged(stack_name: &str, function: &str, words: &[&str]) -> Vec<Value> {
    let group = json!({ "logGroupName": format!("/sluice/{stack_name}/{function}") });
    let answer = json_call(&stack().endpoint, "logs", "Logs_20140328.FilterLogEvents", &group).unwrap();
    let lines = answer["events"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str());
    let lines = lines.filter(|line| words.iter().all(|word| line.contains(word)));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}
