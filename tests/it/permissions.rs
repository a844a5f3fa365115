//! Every IAM action in the template is needed: without it, a feature fails.
//!
//! The test deploys its own stack. On it S3 invokes the validator directly, so the test covers that trigger too.

mod multipart;

use jiff::Timestamp;
use local_stack::aws::{form_call, rest_call};
use local_stack::http::send;
use local_stack::stack::Stack;
use policy::key::ObjectKey;
use policy::session::{Completing, CompletionRequest, Lease, Session, State};
use serde_json::{Value, json};
use testkit::{fresh_id, golden_events, session_of};
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;
use xtask::up::{deploy_beside, remove_beside};

use crate::adapters::{create_request, objects, records};
use crate::api::{User, alice_at};
use crate::aws::{
    body_of, created_event, delete_item, invoke, key_at, log_lines, peek, send_message, sqs, versions_at,
};
use crate::support::{asset, fresh_key, wait_for};

/// `CloudFormation` retains the bucket, so each run needs a stack name of its own.
fn name() -> String {
    format!("sluice-direct-{}", std::process::id())
}

/// Actions that the emulator does not check. `sluice verify` covers them on AWS.
const ONLY_ON_AWS: [&str; 15] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    // Lambda sends failed events to the DLQ. multipart-complete sends after 24 seconds, which the emulator never takes.
    "sqs:SendMessage",
    // Lambda itself reads queues and the stream with the role.
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "kms:GenerateDataKey",
    "kms:Decrypt",
    // Without it AWS answers 403 for a missing object. The emulator always answers 404.
    "s3:ListBucket",
    // Without them AWS leaves the number of tags out of HEAD. The emulator always returns it.
    "s3:GetObjectTagging",
    "s3:GetObjectVersionTagging",
];

/// Of those, what the emulator checks because a function itself does it.
const CHECKED: [(&str, &str); 3] =
    [("forward", "sqs:SendMessage"), ("reconcile", "sqs:ReceiveMessage"), ("reconcile", "sqs:DeleteMessage")];

/// A webhook without retries, to an address at which nothing listens.
const WEBHOOK: [&str; 3] = ["WebhookUrl1=http://127.0.0.1:9/", "WebhookPrivateHosts=true", "WebhookAttempts=1"];

/// The role of a deployed function, and its deployed policy.
pub(crate) struct Role {
    name: String,
    policy: String,
    document: Value,
}

impl Role {
    /// The role with this logical id.
    pub(crate) fn of(stack: &Stack, stack_name: &str, logical: &str) -> Self {
        let name = resource(stack, stack_name, logical);
        let policy = logical.trim_end_matches("Role").to_lowercase();
        let body = format!("Action=GetRolePolicy&Version=2010-05-08&RoleName={name}&PolicyName={policy}");
        let xml = form_call(&stack.endpoint, "iam", &body).unwrap();
        let encoded = between(&xml, "<PolicyDocument>", "</PolicyDocument>").replace("&quot;", "\"");
        let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap().into_owned();
        Self { name, policy, document: serde_json::from_str(&decoded).unwrap() }
    }

    /// Removes an action from the role's policy.
    pub(crate) fn forbid(&self, stack: &Stack, action: &str) {
        put_policy(stack, self, &without(&self.document, action));
    }

    /// Restores the deployed policy.
    pub(crate) fn restore(&self, stack: &Stack) {
        put_policy(stack, self, &self.document);
    }
}

#[test]
fn each_action_is_needed_and_the_direct_trigger_works() {
    // The reconciler handles new sessions and objects without a delay.
    let reconcile = ["ReconcileGrace=0s", "ReconcileOrphanAge=0s"];
    let parameters = [["ValidatorTrigger=direct"].as_slice(), &reconcile, &WEBHOOK].concat();
    let stack = deploy_beside(&name(), &parameters).unwrap();
    let alice = alice_at(&stack);
    the_direct_trigger_validates(&stack, &alice);
    the_reconciler_requeues_a_lost_event(&stack, &alice);
    for (function, logical) in [
        ("forward", "ForwardRole"),
        ("notify", "NotifyRole"),
        ("presign", "PresignRole"),
        ("initiate", "InitiateRole"),
        ("parts", "PartsRole"),
        ("complete", "CompleteRole"),
        ("uploads", "UploadsRole"),
        ("validate", "ValidateRole"),
        ("reconcile", "ReconcileRole"),
    ] {
        let role = Role::of(&stack, &name(), logical);
        let mut actions = actions(&role.document);
        let is_checked = |action: &str| CHECKED.contains(&(function, action)) || !ONLY_ON_AWS.contains(&action);
        actions.retain(|action| is_checked(action));
        assert!(!actions.is_empty());
        for action in actions {
            assert!(works(&stack, &alice, function, &action), "{function} fails although it may {action}");
            role.forbid(&stack, &action);
            let worked = works(&stack, &alice, function, &action);
            role.restore(&stack);
            assert!(!worked, "{function} does not need {action}");
        }
    }
    remove_beside(&name()).unwrap();
}

fn the_direct_trigger_validates(stack: &Stack, alice: &User) {
    let good = alice.upload("lock.png", "image/png", &asset("lock.png"));
    let bad = alice.upload("program.png", "image/png", &asset("program.exe"));
    assert_eq!(alice.verdict(good.id())["status"], "accepted");
    assert_eq!(alice.verdict(bad.id())["status"], "rejected");
    wait_for("the deletion of the rejected version", || {
        versions_at(stack, &key_at(stack, &bad)).is_empty().then_some(())
    });
}

/// The reconciler sends events through the queue, with the direct trigger too.
fn the_reconciler_requeues_a_lost_event(stack: &Stack, alice: &User) {
    let id = alice.upload("lock.png", "image/png", &asset("lock.png")).id().to_owned();
    alice.verdict(&id);
    delete_item(&stack.table, &format!("upload#{id}"));
    assert_eq!(alice.status(&id).json()["status"], "validating");
    wait_for("a new verdict", || {
        assert!(reconcile(stack));
        (alice.status(&id).json()["status"] == "accepted").then_some(())
    });
}

/// Sends the message with which Lambda gives up on a batch of the stream.
fn lose_announcements(stack: &Stack) {
    let now = Timestamp::now();
    let info = json!({ "approximateArrivalOfFirstRecord": now, "approximateArrivalOfLastRecord": now });
    let lost = resource(stack, &name(), "LostAnnouncements");
    send_message(&lost, &json!({ "timestamp": now, "DDBStreamBatchInfo": info }).to_string());
}

/// Sends a delivery to the endpoint. Returns whether it was signed, failed only because nothing listens, and went to the
/// dead-letter queue at once because the wait was set.
fn notify(stack: &Stack) -> bool {
    // A process that runs has the secret for a minute, and an update of the function starts a new one.
    let function = resource(stack, &name(), "Notify");
    let id = format!("evt_{}", fresh_id());
    let url = format!("{}/2015-03-31/functions/{function}/configuration", stack.endpoint);
    rest_call("PUT", &url, "lambda", json!({ "MemorySize": 256 }).to_string().as_bytes()).unwrap();
    let delivery = json!({ "endpoint": 1, "id": id, "body": "{}" });
    send_message(&stack.webhook_queues[0], &delivery.to_string());
    let dead_letters = stack.webhook_dead_letters.as_ref().unwrap();
    let has_line = |words: &[&str]| !log_lines(&name(), "notify", &[words, &[&id]].concat()).is_empty();
    wait_for("the end of the delivery", || {
        if has_line(&["the secret can't be used"]) || has_line(&["the wait could not be set"]) {
            return Some(false);
        }
        let is_dead = peek(dead_letters).iter().any(|message| body_of(message).contains(&id));
        is_dead.then(|| has_line(&["could not connect"]))
    })
}

/// Runs the reconciler and returns whether it succeeded.
fn reconcile(stack: &Stack) -> bool {
    let answer = invoke(&resource(stack, &name(), "Reconcile"), &json!({}));
    answer.header("x-amz-function-error").is_none()
}

/// Creates an orphaned upload, an interrupted completion, and an unfinished deletion of `accepted`.
async fn abandon_work(stack: &Stack, accepted: &ObjectKey) {
    let (bucket, table) = (objects(&stack.bucket), records(&stack.table));
    let (orphan, interrupted) = (fresh_key(), fresh_key());
    bucket.create_upload(&orphan, &create_request(&orphan)).await.unwrap();
    let upload = bucket.create_upload(&interrupted, &create_request(&interrupted)).await.unwrap();
    let part = format!("{}/{}/{interrupted}?partNumber=1&uploadId={upload}", stack.endpoint, stack.bucket);
    rest_call("PUT", &part, "s3", b"12345").unwrap();
    let lease = Lease { holder: "killed process".to_owned(), until: Timestamp::UNIX_EPOCH };
    let state = State::Completing(Completing { upload, lease, request: CompletionRequest::default() });
    table.open(&Session { state, ..session_of(&interrupted, 5) }).await.unwrap();
    // The tombstone is old, so the deletion is due.
    table.write_tombstone(accepted, Timestamp::UNIX_EPOCH).await.unwrap();
}

/// Uses the feature that needs the action, and returns whether it works.
fn works(stack: &Stack, alice: &User, function: &str, action: &str) -> bool {
    if let Some(works) = multipart::works(stack, alice, function, action) {
        return works;
    }
    let png = asset("lock.png");
    let validated = || {
        let grant = alice.upload("lock.png", "image/png", &png);
        alice.verdict(grant.id());
        grant
    };
    match (function, action) {
        ("presign", "s3:PutObject") => alice.grant("lock.png", "image/png", png.len()).put(&png).status == 200,
        ("presign", "dynamodb:PutItem") => {
            let body = json!({ "filename": "a.png", "contentType": "image/png", "size": 1 }).to_string();
            alice.call("POST", "/uploads", &[("idempotency-key", "permissions")], body.as_bytes()).status == 201
        }
        // The function reads the record, then the object. If either is denied, it answers 503 instead of this 404.
        ("uploads", "dynamodb:GetItem" | "s3:GetObject") => {
            alice.status("01900000-0000-7000-8000-000000000000").status == 404
        }
        ("uploads", "dynamodb:BatchGetItem") => {
            let ids = serde_json::json!({ "ids": [validated().id()] }).to_string();
            alice.call("POST", "/uploads/status", &[], ids.as_bytes()).status == 200
        }
        ("uploads", "dynamodb:Query") => alice.get("/uploads").status == 200,
        ("uploads", "s3:GetObjectVersion") => {
            let content = alice.get(&format!("/uploads/{}/content", validated().id())).json();
            send("GET", content["url"].as_str().unwrap(), &[], &[]).unwrap().status == 200
        }
        (
            "uploads",
            "dynamodb:PutItem" | "dynamodb:UpdateItem" | "s3:DeleteObjectVersion" | "s3:ListBucketVersions",
        ) => alice.delete(validated().id()).status == 200,
        ("validate", "s3:GetObjectVersion" | "dynamodb:PutItem") => {
            let grant = alice.grant("lock.png", "image/png", png.len());
            has_effect(stack, || grant.put(&png).status, || alice.status(grant.id()).json()["status"] == "accepted")
        }
        // For an event without a version id. The existing verdict does not matter.
        ("validate", "s3:GetObject") => {
            let event = created_event(&stack.bucket, &key_at(stack, &validated()), None);
            let answer = invoke(&resource(stack, &name(), "Validate"), &event);
            answer.header("x-amz-function-error").is_none()
        }
        ("validate", "s3:DeleteObjectVersion") => {
            let program = asset("program.exe");
            let grant = alice.grant("a.png", "image/png", program.len());
            let is_deleted = || {
                alice.status(grant.id()).json()["status"] == "rejected"
                    && versions_at(stack, &key_at(stack, &grant)).is_empty()
            };
            has_effect(stack, || grant.put(&program).status, is_deleted)
        }
        ("reconcile", _) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let accepted = ObjectKey::parse(&key_at(stack, &validated())).unwrap();
            runtime.block_on(abandon_work(stack, &accepted));
            lose_announcements(stack);
            reconcile(stack)
        }
        ("forward", "events:PutEvents" | "sqs:SendMessage") => {
            let forward = stack.forward.as_ref().unwrap();
            let answer = invoke(forward, &golden_events("forward")["accepted"]).json();
            answer["batchItemFailures"] == json!([])
        }
        ("notify", _) => notify(stack),
        (function, action) => panic!("{function} may {action}, and no test needs it"),
    }
}

/// Uploads, then waits for the effect (true) or for the event to reach the DLQ (false).
fn has_effect(stack: &Stack, upload: impl Fn() -> u16, done: impl Fn() -> bool) -> bool {
    let before = dlq_length(stack);
    assert_eq!(upload(), 200);
    wait_for("an effect or a message in the DLQ", || {
        if done() {
            return Some(true);
        }
        (dlq_length(stack) > before).then_some(false)
    })
}

fn dlq_length(stack: &Stack) -> u64 {
    let body = json!({ "QueueUrl": stack.dlq, "AttributeNames": ["ApproximateNumberOfMessages"] });
    let answer = sqs("GetQueueAttributes", &body);
    answer["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().parse().unwrap()
}

/// The physical id of a stack's resource.
pub(crate) fn resource(stack: &Stack, stack_name: &str, logical: &str) -> String {
    let body =
        format!("Action=DescribeStackResource&Version=2010-05-15&StackName={stack_name}&LogicalResourceId={logical}");
    let xml = form_call(&stack.endpoint, "cloudformation", &body).unwrap();
    between(&xml, "<PhysicalResourceId>", "</PhysicalResourceId>")
}

fn between(text: &str, start: &str, end: &str) -> String {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap().0.to_owned()
}

fn list(action: &Value) -> Vec<String> {
    match action {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        other => panic!("{other} is not an action"),
    }
}

fn actions(document: &Value) -> Vec<String> {
    let mut all: Vec<String> =
        document["Statement"].as_array().unwrap().iter().flat_map(|s| list(&s["Action"])).collect();
    assert!(all.iter().all(|action| !action.contains('*')), "{all:?}");
    all.sort_unstable();
    all.dedup();
    all
}

fn without(document: &Value, action: &str) -> Value {
    let mut document = document.clone();
    let statements = document["Statement"].as_array_mut().unwrap();
    for statement in statements.iter_mut() {
        let remaining: Vec<String> = list(&statement["Action"]).into_iter().filter(|one| one != action).collect();
        statement["Action"] = json!(remaining);
    }
    statements.retain(|statement| statement["Action"] != json!([]));
    document
}

fn put_policy(stack: &Stack, role: &Role, document: &Value) {
    let document: String = form_urlencoded::byte_serialize(document.to_string().as_bytes()).collect();
    let (name, policy) = (&role.name, &role.policy);
    let body = format!(
        "Action=PutRolePolicy&Version=2010-05-08&RoleName={name}&PolicyName={policy}&PolicyDocument={document}"
    );
    form_call(&stack.endpoint, "iam", &body).unwrap();
}
