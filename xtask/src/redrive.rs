//! `cargo xtask redrive`: dead letters get another chance.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::account::{aws, deployment};
use crate::aws::json_call;
use crate::stack::{Stack, is_local};

/// How long AWS may take to move everything before we stop watching; it goes on by itself.
const TIMEOUT: Duration = Duration::from_mins(10);

/// Moves every message of the dead letters back to the queue, which has a reader whichever trigger the stack has: the
/// validator also reads what Lambda itself put among them. Verdicts are final and events may come twice, so this is
/// always safe.
///
/// # Errors
/// When the stack can't be found, or a queue refuses.
pub fn redrive(stack: &str) -> Outcome {
    let moved = if is_local(stack) { here(&Stack::read()?)? } else { on_aws(stack)? };
    match moved {
        0 => println!("There are no dead letters to move."),
        1 => println!("Moved 1 message from the dead letters back to the queue."),
        _ => println!("Moved {moved} messages from the dead letters back to the queue."),
    }
    Ok(())
}

/// The same for a stack in the emulator, and says how many it moved.
///
/// Message by message, for the emulator knows no move task: each is sent before it is deleted, so none gets lost.
///
/// # Errors
/// When a queue refuses.
pub fn here(stack: &Stack) -> Outcome<u64> {
    let sqs = |action: &str, body: Value| json_call(&stack.endpoint, "sqs", &format!("AmazonSQS.{action}"), &body);
    let mut moved = 0;
    loop {
        let wanted = json!({ "QueueUrl": stack.dlq, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"] });
        let received = sqs("ReceiveMessage", wanted)?;
        let Some(messages) = received["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
            return Ok(moved);
        };
        for message in messages {
            let mut again = Map::new();
            again.insert("QueueUrl".to_owned(), json!(stack.queue));
            again.insert("MessageBody".to_owned(), message["Body"].clone());
            if let Some(attributes) = message.get("MessageAttributes") {
                again.insert("MessageAttributes".to_owned(), attributes.clone());
            }
            sqs("SendMessage", Value::Object(again))?;
            sqs("DeleteMessage", json!({ "QueueUrl": stack.dlq, "ReceiptHandle": message["ReceiptHandle"] }))?;
            moved += 1;
        }
    }
}

fn on_aws(name: &str) -> Outcome<u64> {
    let deployment = deployment(name)?;
    let region = deployment.region.as_str();
    let attribute = |url: &str, name: &str| -> Outcome<String> {
        let asked = ["sqs", "get-queue-attributes", "--region", region, "--queue-url", url, "--attribute-names", name];
        let answer = aws(&asked)?;
        let value = answer["Attributes"][name].as_str();
        value.map(str::to_owned).ok_or_else(|| format!("the queue {url} doesn't tell its {name}"))
    };
    if attribute(&deployment.dead_letters, "ApproximateNumberOfMessages")? == "0" {
        return Ok(0);
    }
    let from = attribute(&deployment.dead_letters, "QueueArn")?;
    let to = attribute(&deployment.queue, "QueueArn")?;
    let start = ["sqs", "start-message-move-task", "--region", region, "--source-arn", &from, "--destination-arn", &to];
    let handle = aws(&start)?["TaskHandle"].clone();
    let started = Instant::now();
    loop {
        let list = ["sqs", "list-message-move-tasks", "--region", region, "--source-arn", &from, "--max-results", "1"];
        let tasks = aws(&list)?;
        // The newest comes first, and it is ours: a queue runs one at a time. Only a running one tells its handle.
        let task = &tasks["Results"][0];
        match task["Status"].as_str() {
            Some("COMPLETED") => return Ok(task["ApproximateNumberOfMessagesMoved"].as_u64().unwrap_or_default()),
            Some("FAILED" | "CANCELLED") => {
                let why = task["FailureReason"].as_str().unwrap_or("somebody stopped it");
                return Err(format!("SQS did not move everything: {why}"));
            }
            _ if started.elapsed() > TIMEOUT => {
                return Err(format!("SQS is still moving messages, and goes on by itself (task {handle})."));
            }
            _ => sleep(Duration::from_secs(2)),
        }
    }
}
