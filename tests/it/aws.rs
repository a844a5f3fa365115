//! Direct access to the emulator as root: objects, items, queues, event rules, logs.

use local_stack::aws::{REGION, json_call, rest_call};
use local_stack::http::Answer;
use local_stack::stack::Stack;
use serde_json::{Value, json};

use crate::api::Grant;
use crate::support::stack;

/// The key of a grant's object, read from its URL or its form fields.
pub(crate) fn key_of(grant: &Grant) -> String {
    key_at(stack(), grant)
}

/// The same for a grant of another stack.
pub(crate) fn key_at(stack: &Stack, grant: &Grant) -> String {
    if let Some(key) = grant.0["fields"]["key"].as_str() {
        return key.to_owned();
    }
    let path = grant.url().split('?').next().unwrap();
    path.split_once(&format!("/{}/", stack.bucket)).unwrap().1.to_owned()
}

/// Ids of the versions and delete markers of a key.
pub(crate) fn versions(key: &str) -> Vec<String> {
    versions_at(stack(), key)
}

/// The same on another stack.
pub(crate) fn versions_at(stack: &Stack, key: &str) -> Vec<String> {
    let url = format!("{}/{}?versions&prefix={key}", stack.endpoint, stack.bucket);
    let xml = rest_call("GET", &url, "s3", &[]).unwrap().text();
    let ids = xml.split("<VersionId>").skip(1);
    ids.map(|rest| rest.split("</VersionId>").next().unwrap().to_owned()).collect()
}

/// The number of multipart uploads in progress for a key.
pub(crate) fn uploads_in_progress(key: &str) -> usize {
    let url = format!("{}/{}?uploads&prefix={key}", stack().endpoint, stack().bucket);
    rest_call("GET", &url, "s3", &[]).unwrap().text().matches("<UploadId>").count()
}

/// Creates a bucket that sends no events to a function.
pub(crate) fn create_bucket(name: &str, versioned: bool) {
    let url = format!("{}/{name}", stack().endpoint);
    let configuration = format!(
        "<CreateBucketConfiguration><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
        stack().region
    );
    let created = rest_call("PUT", &url, "s3", configuration.as_bytes());
    assert!(
        created.as_ref().is_ok() || created.as_ref().is_err_and(|e| format!("{e:#}").contains("409")),
        "{created:?}"
    );
    if versioned {
        let enabled = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        rest_call("PUT", &format!("{url}?versioning"), "s3", enabled).unwrap();
    }
}

/// Creates a table like the deployed one, which no deployed function reads. Returns its name.
pub(crate) fn create_table(name: &str) -> String {
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
    dynamodb("CreateTable", &body);
    name
}

pub(crate) fn dynamodb(action: &str, body: &Value) -> Value {
    json_call(&stack().endpoint, "dynamodb", &format!("DynamoDB_20120810.{action}"), body).unwrap()
}

pub(crate) fn sqs(action: &str, body: &Value) -> Value {
    json_call(&stack().endpoint, "sqs", &format!("AmazonSQS.{action}"), body).unwrap()
}

pub(crate) fn event_bridge(action: &str, body: &Value) -> Value {
    json_call(&stack().endpoint, "events", &format!("AWSEvents.{action}"), body).unwrap()
}

/// The item of an upload in a table.
pub(crate) fn upload_item(table: &str, id: &str) -> Option<Value> {
    let key = json!({ "pk": { "S": format!("upload#{id}") } });
    let answer = dynamodb("GetItem", &json!({ "TableName": table, "Key": key, "ConsistentRead": true }));
    answer.get("Item").cloned()
}

pub(crate) fn delete_item(table: &str, pk: &str) {
    dynamodb("DeleteItem", &json!({ "TableName": table, "Key": { "pk": { "S": pk } } }));
}

/// Creates a queue that no function reads, and returns its URL.
pub(crate) fn create_queue(name: &str) -> String {
    sqs("CreateQueue", &json!({ "QueueName": name }))["QueueUrl"].as_str().unwrap().to_owned()
}

pub(crate) fn delete_queue(queue: &str) {
    sqs("DeleteQueue", &json!({ "QueueUrl": queue }));
}

pub(crate) fn send_message(queue: &str, body: &str) {
    sqs("SendMessage", &json!({ "QueueUrl": queue, "MessageBody": body }));
}

/// Receives up to 10 messages. The queue then hides them for its visibility time-out.
pub(crate) fn receive(queue: &str) -> Vec<Value> {
    received(&json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 }))
}

/// Receives up to 10 messages, which stay visible.
pub(crate) fn peek(queue: &str) -> Vec<Value> {
    received(&json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 }))
}

fn received(request: &Value) -> Vec<Value> {
    sqs("ReceiveMessage", request)["Messages"].as_array().cloned().unwrap_or_default()
}

/// The body of a received message.
pub(crate) fn body_of(message: &Value) -> &str {
    message["Body"].as_str().unwrap()
}

/// The JSON bodies of [`receive`].
pub(crate) fn receive_json(queue: &str) -> Vec<Value> {
    receive(queue).iter().map(|message| serde_json::from_str(body_of(message)).unwrap()).collect()
}

/// Deletes a received message.
pub(crate) fn delete_message(queue: &str, message: &Value) {
    sqs("DeleteMessage", &json!({ "QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"] }));
}

/// Creates a rule on the default event bus and a queue that receives the matching events. Returns the queue's URL.
pub(crate) fn subscribe(rule: &str, pattern: &Value) -> String {
    let queue = create_queue(rule);
    let attributes = sqs("GetQueueAttributes", &json!({ "QueueUrl": queue, "AttributeNames": ["QueueArn"] }));
    event_bridge("PutRule", &json!({ "Name": rule, "EventPattern": pattern.to_string() }));
    let target = json!([{ "Id": "queue", "Arn": attributes["Attributes"]["QueueArn"] }]);
    event_bridge("PutTargets", &json!({ "Rule": rule, "Targets": target }));
    queue
}

/// Deletes the rule that [`subscribe`] created.
pub(crate) fn unsubscribe(rule: &str) {
    event_bridge("RemoveTargets", &json!({ "Rule": rule, "Ids": ["queue"] }));
    event_bridge("DeleteRule", &json!({ "Name": rule }));
}

/// The event notification that S3 sends for a version.
pub(crate) fn created_event(bucket: &str, key: &str, version: Option<&str>) -> Value {
    let mut object = json!({ "key": key, "size": 1, "eTag": "e", "sequencer": "0055AED6DCD90281E5" });
    if let Some(version) = version {
        object["versionId"] = json!(version);
    }
    json!({ "Records": [{
        "eventVersion": "2.6", "eventSource": "aws:s3", "awsRegion": REGION, "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-22T00:00:00.000Z", "s3": { "bucket": { "name": bucket }, "object": object }
    }] })
}

/// Invokes a deployed function with an event, and returns Lambda's answer.
pub(crate) fn invoke(function: &str, event: &Value) -> Answer {
    let url = format!("{}/2015-03-31/functions/{function}/invocations", stack().endpoint);
    rest_call("POST", &url, "lambda", event.to_string().as_bytes()).unwrap()
}

/// The JSON log lines of a stack's function that contain all of `words`.
pub(crate) fn log_lines(stack_name: &str, function: &str, words: &[&str]) -> Vec<Value> {
    let group = json!({ "logGroupName": format!("/sluice/{stack_name}/{function}") });
    let answer = json_call(&stack().endpoint, "logs", "Logs_20140328.FilterLogEvents", &group).unwrap();
    let lines = answer["events"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str());
    let lines = lines.filter(|line| words.iter().all(|word| line.contains(word)));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}
