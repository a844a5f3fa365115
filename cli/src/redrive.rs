//! `sluice redrive`: moves the messages of the dead-letter queues back to their queues.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use local_stack::aws::json_call;
use local_stack::stack::{Stack, is_local};
use serde_json::{Map, Value, json};

use crate::account::{aws, deployment};
use crate::progress::Progress;

/// How long the command waits for AWS. The move continues without it.
const MOVE_TIMEOUT: Duration = Duration::from_mins(10);

/// Moves every message of the event queue's and of the webhooks' dead-letter queue back, and returns their number.
///
/// The event queue has a consumer with either validator trigger. Verdicts are final, and events and notifications may
/// arrive twice, so this is always safe.
///
/// # Errors
/// When the stack is not found, or SQS refuses a call.
pub fn redrive(stack: &str, progress: Progress) -> Result<u64> {
    if is_local(stack) { redrive_local(&Stack::read()?) } else { redrive_on_aws(stack, progress) }
}

/// The same for a stack in the emulator.
///
/// The emulator has no message move task. Each message is sent before it is deleted, so none is lost.
///
/// # Errors
/// When the emulator refuses a call.
pub fn redrive_local(stack: &Stack) -> Result<u64> {
    let events = move_locally(stack, &stack.dlq, |_| Some(&stack.queue))?;
    let Some(dead_letters) = &stack.webhook_dead_letters else { return Ok(events) };
    Ok(events + move_locally(stack, dead_letters, |body| webhook_queue(stack, body))?)
}

/// The queue that a notification came from. Its body names the endpoint, counted from 1.
fn webhook_queue<'a>(stack: &'a Stack, body: &str) -> Option<&'a String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let index = body["endpoint"].as_u64()?.checked_sub(1)?;
    stack.webhook_queues.get(usize::try_from(index).ok()?)
}

fn move_locally<'a>(stack: &Stack, from: &str, to: impl Fn(&str) -> Option<&'a String>) -> Result<u64> {
    let sqs = |action: &str, body: Value| json_call(&stack.endpoint, "sqs", &format!("AmazonSQS.{action}"), &body);
    let mut moved = 0;
    loop {
        let request = json!({ "QueueUrl": from, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"] });
        let received = sqs("ReceiveMessage", request)?;
        let Some(messages) = received["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
            return Ok(moved);
        };
        for message in messages {
            let body = message["Body"].as_str().unwrap_or_default();
            let to = to(body).with_context(|| format!("the stack has no queue for a message of {from}: {body:.60}"))?;
            let mut copy = Map::new();
            copy.insert("QueueUrl".to_owned(), json!(to));
            copy.insert("MessageBody".to_owned(), message["Body"].clone());
            if let Some(attributes) = message.get("MessageAttributes") {
                copy.insert("MessageAttributes".to_owned(), attributes.clone());
            }
            sqs("SendMessage", Value::Object(copy))?;
            sqs("DeleteMessage", json!({ "QueueUrl": from, "ReceiptHandle": message["ReceiptHandle"] }))?;
            moved += 1;
        }
    }
}

fn redrive_on_aws(name: &str, progress: Progress) -> Result<u64> {
    let found = deployment(name)?;
    let events = move_on_aws(&found.region, &found.dlq, Some(&found.queue), progress)?;
    let Some(dead_letters) = &found.webhook_dead_letters else { return Ok(events) };
    // Without a destination each message returns to the queue that it came from, here the endpoint's.
    Ok(events + move_on_aws(&found.region, dead_letters, None, progress)?)
}

/// Moves the messages of a dead-letter queue to a queue, or each to the queue that it came from.
fn move_on_aws(region: &str, dlq: &str, queue: Option<&str>, progress: Progress) -> Result<u64> {
    let attribute = |url: &str, name: &str| -> Result<String> {
        let call = ["sqs", "get-queue-attributes", "--region", region, "--queue-url", url, "--attribute-names", name];
        let answer = aws(&call)?;
        let value = answer["Attributes"][name].as_str();
        value.map(str::to_owned).with_context(|| format!("SQS did not return {name} of the queue {url}"))
    };
    if attribute(dlq, "ApproximateNumberOfMessages")? == "0" {
        return Ok(0);
    }
    let from = attribute(dlq, "QueueArn")?;
    let to = queue.map(|queue| attribute(queue, "QueueArn")).transpose()?;
    let mut start = vec!["sqs", "start-message-move-task", "--region", region, "--source-arn", &from];
    start.extend(to.iter().flat_map(|to| ["--destination-arn", to]));
    let handle = aws(&start)?["TaskHandle"].clone();
    let started = Instant::now();
    loop {
        let list = ["sqs", "list-message-move-tasks", "--region", region, "--source-arn", &from, "--max-results", "1"];
        let tasks = aws(&list)?;
        // The newest task comes first, and a queue runs one at a time. Only a running one has a handle.
        let task = &tasks["Results"][0];
        let moved = task["ApproximateNumberOfMessagesMoved"].as_u64().unwrap_or_default();
        match task["Status"].as_str() {
            Some("COMPLETED") => return Ok(moved),
            Some("FAILED" | "CANCELLED") => {
                let reason = task["FailureReason"].as_str().unwrap_or("the task was cancelled");
                bail!("SQS moved {moved} messages and stopped ({reason}): run the command again");
            }
            _ if started.elapsed() > MOVE_TIMEOUT => {
                bail!("SQS has moved {moved} messages and continues without this command (task {handle})");
            }
            _ => {
                progress.line(&format!("{moved} messages moved so far"));
                sleep(Duration::from_secs(2));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_returns_to_the_queue_of_its_endpoint() {
        let stack: Stack = serde_json::from_value(json!({
            "apiUrl": "", "endpoint": "", "region": "", "bucket": "", "table": "", "queue": "events", "dlq": "",
            "webhookQueues": ["one", "two"], "credentials": { "accessKeyId": "", "secretAccessKey": "" }, "users": [],
        }))
        .unwrap();
        for (body, queue) in [
            (r#"{"endpoint":1,"id":"evt_0","body":"{}"}"#, Some("one")),
            (r#"{"endpoint":2}"#, Some("two")),
            (r#"{"endpoint":3}"#, None),
            (r#"{"endpoint":0}"#, None),
            ("not JSON", None),
        ] {
            assert_eq!(webhook_queue(&stack, body).map(String::as_str), queue, "{body}");
        }
    }
}
