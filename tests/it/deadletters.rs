//! What fails for good lies where somebody finds it with its reason, and comes back once it is mended.
//!
//! On a stack of its own, whose queue gives up within seconds.

use std::collections::BTreeSet;

use local_stack::aws::rest_call;
use local_stack::stack::Stack;
use serde_json::{Value, json};
use sluice::redrive::redrive_local;
use xtask::up::{deploy_beside, remove_beside};

use crate::permissions::{Role, resource};
use crate::world::{Grant, alice_of, asset, created_event, eventually, invoke, key_in, logged, sqs, versions_in};

/// Its bucket is retained when the stack goes, so each run has a name of its own.
fn name() -> String {
    format!("sluice-letters-{}", std::process::id())
}

/// One look at some of the dead letters, which stay where they are.
fn dead_letters(stack: &Stack) -> Vec<Value> {
    let wanted = json!({ "QueueUrl": stack.dlq, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 });
    sqs("ReceiveMessage", &wanted)["Messages"].as_array().cloned().unwrap_or_default()
}

fn dead_letter(stack: &Stack, text: &str) -> Value {
    eventually("a dead letter", || {
        dead_letters(stack).into_iter().find(|letter| letter["Body"].as_str().unwrap().contains(text))
    })
}

/// Lets the queue be read, or not.
fn read_queue(stack: &Stack, enabled: bool) {
    let mapping = resource(stack, &name(), "ValidateQueue");
    let url = format!("{}/2015-03-31/event-source-mappings/{mapping}", stack.endpoint);
    rest_call("PUT", &url, "lambda", json!({ "Enabled": enabled }).to_string().as_bytes()).unwrap();
}

/// Takes an upload's event out of the queue, as if S3 had never sent it.
fn lose_event(stack: &Stack, id: &str) {
    eventually("its event", || {
        let wanted = json!({ "QueueUrl": stack.queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 });
        let messages = sqs("ReceiveMessage", &wanted)["Messages"].as_array().cloned().unwrap_or_default();
        let message = messages.into_iter().find(|message| message["Body"].as_str().unwrap().contains(id))?;
        sqs("DeleteMessage", &json!({ "QueueUrl": stack.queue, "ReceiptHandle": message["ReceiptHandle"] }));
        Some(())
    });
}

/// The ids of the requests in which the validator wrote lines with all of `words`.
fn requests(words: &[&str]) -> BTreeSet<String> {
    lines(words).iter().filter_map(|line| line["requestId"].as_str().map(str::to_owned)).collect()
}

fn lines(words: &[&str]) -> Vec<Value> {
    logged(&name(), "validate", words)
}

#[test]
fn poison_and_misfortune_end_among_the_dead_letters_and_come_back() {
    let stack = deploy_beside(&name(), &["QueueVisibility=1"]).unwrap();
    let alice = alice_of(&stack);
    read_queue(&stack, false);

    // An event that names no version is validated by the right of its own that this takes.
    let first = alice.upload("lock.png", "image/png", &asset("lock.png"));
    let unversioned = |grant: &Grant| created_event(&stack.bucket, &key_in(&stack, grant), None);
    assert_eq!(invoke(&resource(&stack, &name(), "Validate"), &unversioned(&first)).json(), Value::Null);
    assert_eq!(alice.verdict(first.id())["status"], "accepted");

    // What Lambda itself puts among the dead letters, when it is S3 that invokes us, comes back as well.
    let direct = alice.upload("lock.png", "image/png", &asset("lock.png"));
    lose_event(&stack, direct.id());
    let given_up = json!({
        "version": "1.0",
        "requestContext": { "condition": "RetriesExhausted", "approximateInvokeCount": 3 },
        "requestPayload": unversioned(&direct),
    });
    sqs("SendMessage", &json!({ "QueueUrl": stack.dlq, "MessageBody": given_up.to_string() }));
    assert_eq!(redrive_local(&stack).unwrap(), 1);

    // A batch with one poison message among good ones harms none of them.
    let good: Vec<_> = (0..4).map(|_| alice.upload("lock.png", "image/png", &asset("lock.png"))).collect();
    sqs("SendMessage", &json!({ "QueueUrl": stack.queue, "MessageBody": "no event of anybody" }));
    for grant in &good {
        assert_eq!(alice.status(grant.id()).json()["status"], "validating", "nobody reads the queue yet");
    }
    read_queue(&stack, true);
    for grant in good.iter().chain([&direct]) {
        assert_eq!(alice.verdict(grant.id())["status"], "accepted");
    }
    let poison = dead_letter(&stack, "no event of anybody");
    let id = poison["MessageId"].as_str().unwrap();
    let reason = [id, "a message that is not JSON"];
    eventually("the reason, by the message's id", || (!lines(&reason).is_empty()).then_some(()));
    let together = good.iter().filter(|grant| !requests(&[grant.id(), "validated"]).is_disjoint(&requests(&reason)));
    assert!(together.count() > 0, "poison and good ones came in one batch");
    for grant in &good {
        assert_eq!(lines(&[grant.id(), "must be delivered again"]), Vec::<Value>::new());
    }
    assert!(redrive_local(&stack).unwrap() >= 1, "and a redrive moves it");

    // An upload that the validator may not look at waits there until it may again.
    let role = Role::of(&stack, &name(), "ValidateRole");
    role.forbid(&stack, "s3:GetObjectVersion");
    let unlucky = alice.upload("lock.png", "image/png", &asset("lock.png"));
    dead_letter(&stack, unlucky.id());
    assert!(!lines(&[unlucky.id(), "must be delivered again", "403"]).is_empty(), "the cause stands in the log");
    let record = alice.status(unlucky.id()).json();
    assert_eq!(record["status"], "validating", "a refusal of S3 is no verdict");
    assert_eq!(versions_in(&stack, &key_in(&stack, &unlucky)).len(), 1);
    role.restore(&stack);
    assert!(redrive_local(&stack).unwrap() >= 1);
    assert_eq!(alice.verdict(unlucky.id())["status"], "accepted");

    // Only the poison is left, for nothing mends that.
    dead_letter(&stack, "no event of anybody");
    assert!(!dead_letters(&stack).iter().any(|letter| letter["Body"].as_str().unwrap().contains(unlucky.id())));
    remove_beside(&name()).unwrap();
}
