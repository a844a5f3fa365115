//! Messages that keep failing end in the dead-letter queue with a logged reason, and a redrive processes them again.
//!
//! The test deploys its own stack, whose queue has a visibility time-out of one second.

use std::collections::BTreeSet;

use local_stack::aws::rest_call;
use local_stack::stack::Stack;
use serde_json::{Value, json};
use sluice::redrive::redrive_local;
use xtask::up::{deploy_beside, remove_beside};

use crate::api::{Grant, alice_at};
use crate::aws::{body_of, created_event, delete_message, invoke, key_at, log_lines, peek, send_message, versions_at};
use crate::permissions::{Role, resource};
use crate::support::{asset, wait_for};

/// The body of a message that the validator can never process.
const POISON: &str = "not an event";

/// `CloudFormation` retains the bucket, so each run needs a stack name of its own.
fn name() -> String {
    format!("sluice-dlq-{}", std::process::id())
}

/// Waits for a message with this text in a queue.
fn message_with(queue: &str, text: &str) -> Value {
    wait_for("a message", || peek(queue).into_iter().find(|message| body_of(message).contains(text)))
}

/// Enables or disables the event source mapping of the validator.
fn enable_mapping(stack: &Stack, enabled: bool) {
    let mapping = resource(stack, &name(), "ValidateQueue");
    let url = format!("{}/2015-03-31/event-source-mappings/{mapping}", stack.endpoint);
    rest_call("PUT", &url, "lambda", json!({ "Enabled": enabled }).to_string().as_bytes()).unwrap();
}

/// Deletes an upload's event from the queue, as if S3 had never sent it.
fn lose_event(stack: &Stack, id: &str) {
    delete_message(&stack.queue, &message_with(&stack.queue, id));
}

/// Ids of the requests in which the validator logged a line with all of `words`.
fn requests(words: &[&str]) -> BTreeSet<String> {
    lines(words).iter().filter_map(|line| line["requestId"].as_str().map(str::to_owned)).collect()
}

fn lines(words: &[&str]) -> Vec<Value> {
    log_lines(&name(), "validate", words)
}

#[test]
fn failed_messages_reach_the_dlq_and_a_redrive_processes_them() {
    let stack = deploy_beside(&name(), &["QueueVisibility=1"]).unwrap();
    let alice = alice_at(&stack);
    enable_mapping(&stack, false);

    // An event without a version id needs the permission s3:GetObject.
    let first = alice.upload("lock.png", "image/png", &asset("lock.png"));
    let unversioned = |grant: &Grant| created_event(&stack.bucket, &key_at(&stack, grant), None);
    assert_eq!(invoke(&resource(&stack, &name(), "Validate"), &unversioned(&first)).json(), Value::Null);
    assert_eq!(alice.verdict(first.id())["status"], "accepted");

    // With the direct trigger Lambda itself sends failed events to the DLQ, in this wrapping.
    let direct = alice.upload("lock.png", "image/png", &asset("lock.png"));
    lose_event(&stack, direct.id());
    let failed = json!({
        "version": "1.0",
        "requestContext": { "condition": "RetriesExhausted", "approximateInvokeCount": 3 },
        "requestPayload": unversioned(&direct),
    });
    send_message(&stack.dlq, &failed.to_string());
    assert_eq!(redrive_local(&stack).unwrap(), 1);

    // A poison message in a batch does not affect the other messages.
    let good: Vec<_> = (0..4).map(|_| alice.upload("lock.png", "image/png", &asset("lock.png"))).collect();
    send_message(&stack.queue, POISON);
    for grant in &good {
        assert_eq!(alice.status(grant.id()).json()["status"], "validating", "the mapping is disabled");
    }
    enable_mapping(&stack, true);
    for grant in good.iter().chain([&direct]) {
        assert_eq!(alice.verdict(grant.id())["status"], "accepted");
    }
    let poison = message_with(&stack.dlq, POISON);
    let reason = [poison["MessageId"].as_str().unwrap(), "a message that is not JSON"];
    wait_for("the logged reason with the message id", || (!lines(&reason).is_empty()).then_some(()));
    let together = good.iter().filter(|grant| !requests(&[grant.id(), "validated"]).is_disjoint(&requests(&reason)));
    assert!(together.count() > 0, "no batch had the poison message and a good one");
    for grant in &good {
        assert_eq!(lines(&[grant.id(), "must be delivered again"]), Vec::<Value>::new());
    }
    assert!(redrive_local(&stack).unwrap() >= 1, "a redrive moves the poison message");

    // An upload that the validator is not allowed to read waits in the DLQ until it is allowed again.
    let role = Role::of(&stack, &name(), "ValidateRole");
    role.forbid(&stack, "s3:GetObjectVersion");
    let denied = alice.upload("lock.png", "image/png", &asset("lock.png"));
    message_with(&stack.dlq, denied.id());
    assert!(!lines(&[denied.id(), "must be delivered again", "403"]).is_empty(), "the log has no cause");
    let record = alice.status(denied.id()).json();
    assert_eq!(record["status"], "validating", "a 403 of S3 is not a verdict");
    assert_eq!(versions_at(&stack, &key_at(&stack, &denied)).len(), 1);
    role.restore(&stack);
    assert!(redrive_local(&stack).unwrap() >= 1);
    assert_eq!(alice.verdict(denied.id())["status"], "accepted");

    // The poison message fails again and stays.
    message_with(&stack.dlq, POISON);
    assert!(!peek(&stack.dlq).iter().any(|message| body_of(message).contains(denied.id())));
    remove_beside(&name()).unwrap();
}
