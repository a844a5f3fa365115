//! `sluice redrive`: moves the messages of the dead-letter queue back to the event queue.

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

/// Moves every message of the dead-letter queue back to the queue and returns their number.
///
/// The queue has a consumer with either validator trigger. Verdicts are final and events may arrive twice, so this is
/// always safe.
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
    let sqs = |action: &str, body: Value| json_call(&stack.endpoint, "sqs", &format!("AmazonSQS.{action}"), &body);
    let mut moved = 0;
    loop {
        let request = json!({ "QueueUrl": stack.dlq, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"] });
        let received = sqs("ReceiveMessage", request)?;
        let Some(messages) = received["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
            return Ok(moved);
        };
        for message in messages {
            let mut copy = Map::new();
            copy.insert("QueueUrl".to_owned(), json!(stack.queue));
            copy.insert("MessageBody".to_owned(), message["Body"].clone());
            if let Some(attributes) = message.get("MessageAttributes") {
                copy.insert("MessageAttributes".to_owned(), attributes.clone());
            }
            sqs("SendMessage", Value::Object(copy))?;
            sqs("DeleteMessage", json!({ "QueueUrl": stack.dlq, "ReceiptHandle": message["ReceiptHandle"] }))?;
            moved += 1;
        }
    }
}

fn redrive_on_aws(name: &str, progress: Progress) -> Result<u64> {
    let deployment = deployment(name)?;
    let region = deployment.region.as_str();
    let attribute = |url: &str, name: &str| -> Result<String> {
        let call = ["sqs", "get-queue-attributes", "--region", region, "--queue-url", url, "--attribute-names", name];
        let answer = aws(&call)?;
        let value = answer["Attributes"][name].as_str();
        value.map(str::to_owned).with_context(|| format!("SQS did not return {name} of the queue {url}"))
    };
    if attribute(&deployment.dlq, "ApproximateNumberOfMessages")? == "0" {
        return Ok(0);
    }
    let from = attribute(&deployment.dlq, "QueueArn")?;
    let to = attribute(&deployment.queue, "QueueArn")?;
    let start = ["sqs", "start-message-move-task", "--region", region, "--source-arn", &from, "--destination-arn", &to];
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
