//! What fails for good lies where somebody finds it with its reason, and comes back once it is mended.
//!
//! On a stack of its own, whose queue gives up within seconds.

use serde_json::{Value, json};
use xtask::aws::json_call;
use xtask::redrive::here;
use xtask::stack::Stack;
use xtask::up::{deploy_beside, remove_beside};

use crate::permissions::Role;
use crate::world::{alice_of, asset, eventually, key_in, versions_in};

/// Its bucket is retained when the stack goes, so each run has a name of its own.
fn name() -> String {
    format!("sluice-letters-{}", std::process::id())
}

fn sqs(stack: &Stack, action: &str, body: &Value) -> Value {
    json_call(&stack.endpoint, "sqs", &format!("AmazonSQS.{action}"), body).unwrap()
}

/// One look at some of the dead letters, which stay where they are.
fn dead_letters(stack: &Stack) -> Vec<Value> {
    let wanted = json!({ "QueueUrl": stack.dlq, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 });
    sqs(stack, "ReceiveMessage", &wanted)["Messages"].as_array().cloned().unwrap_or_default()
}

fn dead_letter(stack: &Stack, text: &str) -> Value {
    eventually("a dead letter", || {
        dead_letters(stack).into_iter().find(|letter| letter["Body"].as_str().unwrap().contains(text))
    })
}

/// The validator's log lines that hold all of `words`.
fn logged(stack: &Stack, words: &[&str]) -> Vec<String> {
    let group = json!({ "logGroupName": format!("/sluice/{}/validate", name()) });
    let answer = json_call(&stack.endpoint, "logs", "Logs_20140328.FilterLogEvents", &group).unwrap();
    let events = answer["events"].as_array().cloned().unwrap_or_default();
    let lines = events.into_iter().filter_map(|event| event["message"].as_str().map(str::to_owned));
    lines.filter(|line| words.iter().all(|word| line.contains(word))).collect()
}

#[test]
fn poison_and_misfortune_end_among_the_dead_letters_and_come_back() {
    let stack = deploy_beside(&name(), &["QueueVisibility=1"]).unwrap();
    let alice = alice_of(&stack);

    // A batch with one poison message among good ones harms none of them.
    let uploads: Vec<_> = (0..6)
        .map(|n| {
            if n == 3 {
                sqs(&stack, "SendMessage", &json!({ "QueueUrl": stack.queue, "MessageBody": "no event of anybody" }));
            }
            alice.upload("lock.png", "image/png", &asset("lock.png"))
        })
        .collect();
    for grant in &uploads {
        assert_eq!(alice.verdict(grant.id())["status"], "accepted");
    }
    let poison = dead_letter(&stack, "no event of anybody");
    let id = poison["MessageId"].as_str().unwrap();
    eventually("the reason, by the message's id", || {
        (!logged(&stack, &[id, "a message that is not JSON"]).is_empty()).then_some(())
    });
    assert!(here(&stack).unwrap() >= 1, "and a redrive moves it");

    // An upload that the validator may not look at waits there until it may again.
    let role = Role::of(&stack, &name(), "ValidateRole");
    role.forbid(&stack, "s3:GetObjectVersion");
    let unlucky = alice.upload("lock.png", "image/png", &asset("lock.png"));
    dead_letter(&stack, unlucky.id());
    assert!(!logged(&stack, &[unlucky.id(), "must come again", "403"]).is_empty(), "the cause stands in the log");
    let record = alice.status(unlucky.id()).json();
    assert_eq!(record["status"], "validating", "a refusal of S3 is no verdict");
    assert_eq!(versions_in(&stack, &key_in(&stack, &unlucky)).len(), 1);
    role.restore(&stack);
    assert!(here(&stack).unwrap() >= 1);
    assert_eq!(alice.verdict(unlucky.id())["status"], "accepted");

    // Only the poison is left, for nothing mends that.
    dead_letter(&stack, "no event of anybody");
    assert!(!dead_letters(&stack).iter().any(|letter| letter["Body"].as_str().unwrap().contains(unlucky.id())));
    remove_beside(&name()).unwrap();
}
