//! Every IAM action in the template is needed: taken away, something a user relies on fails.
//!
//! On a stack of its own, which is also the one whose validator S3 calls directly.

mod in_parts;

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use jiff::Timestamp;
use local_stack::aws::{form_call, json_call, rest_call};
use local_stack::http::send;
use local_stack::stack::Stack;
use policy::key::{ObjectKey, OwnerId};
use policy::session::{Completing, CompletionRequest, Lease, Session, State};
use serde_json::{Value, json};
use testkit::{fresh_id, golden_events, grant, session_of};
use uploads_core::ports::multipart_uploads::{CreateMultipartUpload, MultipartUploads};
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;
use xtask::up::{deploy_beside, remove_beside};

use crate::ports::config;
use crate::world::{Person, alice_of, asset, created_event, eventually, invoke, key_in, versions_in};

/// Its bucket is retained when the stack goes, so each run has a name of its own.
fn name() -> String {
    format!("sluice-direct-{}", std::process::id())
}

/// What the emulator never checks, or answers differently; `cargo xtask verify` is for these.
const ONLY_ON_AWS: [&str; 13] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    // To dead letters by Lambda itself; and by multipart-complete after 24 seconds, which the emulator never needs.
    "sqs:SendMessage",
    // Lambda itself reads queues and the stream, in the role's name.
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "kms:GenerateDataKey",
    "kms:Decrypt",
    // Without it AWS answers 403 for a missing object; the emulator answers 404 either way.
    "s3:ListBucket",
];

/// The role of a deployed function, with the policy that it was deployed with.
pub(crate) struct Role {
    name: String,
    policy: String,
    document: Value,
}

impl Role {
    /// The role with that logical id.
    pub(crate) fn of(stack: &Stack, stack_name: &str, logical: &str) -> Self {
        role_of(stack, stack_name, logical)
    }

    /// Takes an action away.
    pub(crate) fn forbid(&self, stack: &Stack, action: &str) {
        put(stack, self, &without(&self.document, action));
    }

    /// Gives everything back.
    pub(crate) fn restore(&self, stack: &Stack) {
        put(stack, self, &self.document);
    }
}

#[test]
fn each_action_is_needed_and_the_direct_trigger_works() {
    // The reconciler waits for nothing.
    let reconcile = ["ReconcileGrace=0s", "ReconcileOrphanAge=0s"];
    let stack = deploy_beside(&name(), &[["ValidatorTrigger=direct"].as_slice(), &reconcile].concat()).unwrap();
    let alice = alice_of(&stack);
    the_direct_trigger_judges(&stack, &alice);
    what_was_lost_is_judged_again(&stack, &alice);
    for (role, logical) in [
        ("forward", "ForwardRole"),
        ("presign", "PresignRole"),
        ("initiate", "InitiateRole"),
        ("parts", "PartsRole"),
        ("complete", "CompleteRole"),
        ("uploads", "UploadsRole"),
        ("validate", "ValidateRole"),
        ("reconcile", "ReconcileRole"),
    ] {
        let role_of = role_of(&stack, &name(), logical);
        let mut actions = actions(&role_of.document);
        actions.retain(|action| !ONLY_ON_AWS.contains(&action.as_str()));
        assert!(!actions.is_empty());
        for action in actions {
            let works = format!("{role} with {action}");
            assert!(scenario(&stack, &alice, role, &action), "{works} should work");
            role_of.forbid(&stack, &action);
            let worked = scenario(&stack, &alice, role, &action);
            role_of.restore(&stack);
            assert!(!worked, "{role} does not need {action}");
        }
    }
    remove_beside(&name()).unwrap();
}

fn the_direct_trigger_judges(stack: &Stack, alice: &Person) {
    let good = alice.upload("lock.png", "image/png", &asset("lock.png"));
    let bad = alice.upload("program.png", "image/png", &asset("program.exe"));
    assert_eq!(alice.verdict(good.id())["status"], "accepted");
    assert_eq!(alice.verdict(bad.id())["status"], "rejected");
    eventually("the rejected version to go", || versions_in(stack, &key_in(stack, &bad)).is_empty().then_some(()));
}

/// With the direct trigger too the reconciler's way to the validator is the queue.
fn what_was_lost_is_judged_again(stack: &Stack, alice: &Person) {
    let id = alice.upload("lock.png", "image/png", &asset("lock.png")).id().to_owned();
    alice.verdict(&id);
    let record = json!({ "TableName": stack.table, "Key": { "pk": { "S": format!("upload#{id}") } } });
    json_call(&stack.endpoint, "dynamodb", "DynamoDB_20120810.DeleteItem", &record).unwrap();
    assert_eq!(alice.status(&id).json()["status"], "validating");
    eventually("another verdict", || {
        assert!(reconciles(stack));
        (alice.status(&id).json()["status"] == "accepted").then_some(())
    });
}

/// Runs the reconciler; whether it could do everything.
fn reconciles(stack: &Stack) -> bool {
    let answer = invoke(&resource(stack, &name(), "Reconcile"), &json!({}));
    answer.header("x-amz-function-error").is_none()
}

/// Leaves behind an upload of no session, and a completion that nobody is at.
async fn leave_behind(stack: &Stack, accepted: &ObjectKey) {
    let bucket = S3Objects::new(Clients::of(config(), true), &stack.bucket);
    let table = DynamoRecords::new(Clients::of(config(), true), &stack.table);
    let key = || ObjectKey::new(OwnerId::from_claims("permissions", "somebody").unwrap(), fresh_id());
    let (orphan, interrupted) = (key(), key());
    let encoded_grant = grant(orphan.owner(), 5).encode_for_parts().unwrap();
    let beginning =
        CreateMultipartUpload { content_type: "image/png".to_owned(), encoded_grant, generation: 1, checksum: None };
    bucket.create_upload(&orphan, &beginning).await.unwrap();
    let upload = bucket.create_upload(&interrupted, &beginning).await.unwrap();
    let part = format!("{}/{}/{interrupted}?partNumber=1&uploadId={upload}", stack.endpoint, stack.bucket);
    rest_call("PUT", &part, "s3", b"12345").unwrap();
    let lease = Lease { holder: "gone".to_owned(), until: Timestamp::UNIX_EPOCH };
    let state = State::Completing(Completing { upload, lease, asked: CompletionRequest::default() });
    table.open(&Session { state, ..session_of(&interrupted, 5) }).await.unwrap();
    // A deletion that came to its tombstone, long ago.
    table.write_tombstone(accepted, Timestamp::UNIX_EPOCH).await.unwrap();
}

/// Whether what the action is for works.
fn scenario(stack: &Stack, alice: &Person, role: &str, action: &str) -> bool {
    if let Some(works) = in_parts::scenario(stack, alice, role, action) {
        return works;
    }
    let png = asset("lock.png");
    let validated = || {
        let grant = alice.upload("lock.png", "image/png", &png);
        alice.verdict(grant.id());
        grant
    };
    match (role, action) {
        ("presign", "s3:PutObject") => alice.grant("lock.png", "image/png", png.len()).put(&png).status == 200,
        ("presign", "dynamodb:PutItem") => {
            let body = json!({ "filename": "a.png", "contentType": "image/png", "size": 1 }).to_string();
            alice.call("POST", "/uploads", &[("idempotency-key", "permissions")], body.as_bytes()).status == 201
        }
        // The record is looked for first, then the object: either refusal is a 503 instead of this 404.
        ("uploads", "dynamodb:GetItem" | "s3:GetObject") => {
            alice.status("01900000-0000-7000-8000-000000000000").status == 404
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
            settles(stack, || grant.put(&png).status, || alice.status(grant.id()).json()["status"] == "accepted")
        }
        // Of an event that names no version; that it has its verdict already does no harm.
        ("validate", "s3:GetObject") => {
            let event = created_event(&stack.bucket, &key_in(stack, &validated()), None);
            let answer = invoke(&resource(stack, &name(), "Validate"), &event);
            answer.header("x-amz-function-error").is_none()
        }
        ("validate", "s3:DeleteObjectVersion") => {
            let program = asset("program.exe");
            let grant = alice.grant("a.png", "image/png", program.len());
            let gone = || {
                alice.status(grant.id()).json()["status"] == "rejected"
                    && versions_in(stack, &key_in(stack, &grant)).is_empty()
            };
            settles(stack, || grant.put(&program).status, gone)
        }
        ("reconcile", _) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let accepted = ObjectKey::parse(&key_in(stack, &validated())).unwrap();
            runtime.block_on(leave_behind(stack, &accepted));
            reconciles(stack)
        }
        ("forward", "events:PutEvents") => {
            let forward = stack.forward.as_ref().unwrap();
            let answer = invoke(forward, &golden_events("forward")["accepted"]).json();
            answer["batchItemFailures"] == json!([])
        }
        (role, action) => panic!("{role} may {action}, and no test needs it"),
    }
}

/// Does something and waits for its effect (true) or for the event to end among the dead letters (false).
fn settles(stack: &Stack, act: impl Fn() -> u16, done: impl Fn() -> bool) -> bool {
    let before = dead_letters(stack);
    assert_eq!(act(), 200);
    eventually("an effect or a dead letter", || {
        if done() {
            return Some(true);
        }
        (dead_letters(stack) > before).then_some(false)
    })
}

fn dead_letters(stack: &Stack) -> u64 {
    let body = json!({ "QueueUrl": stack.dlq, "AttributeNames": ["ApproximateNumberOfMessages"] });
    let answer = json_call(&stack.endpoint, "sqs", "AmazonSQS.GetQueueAttributes", &body).unwrap();
    answer["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().parse().unwrap()
}

/// What a resource of a stack is called.
pub(crate) fn resource(stack: &Stack, stack_name: &str, logical: &str) -> String {
    let body =
        format!("Action=DescribeStackResource&Version=2010-05-15&StackName={stack_name}&LogicalResourceId={logical}");
    let xml = form_call(&stack.endpoint, "cloudformation", &body).unwrap();
    between(&xml, "<PhysicalResourceId>", "</PhysicalResourceId>")
}

fn role_of(stack: &Stack, stack_name: &str, logical: &str) -> Role {
    let name = resource(stack, stack_name, logical);
    let policy = logical.trim_end_matches("Role").to_lowercase();
    let body = format!("Action=GetRolePolicy&Version=2010-05-08&RoleName={name}&PolicyName={policy}");
    let xml = form_call(&stack.endpoint, "iam", &body).unwrap();
    let encoded = between(&xml, "<PolicyDocument>", "</PolicyDocument>").replace("&quot;", "\"");
    let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap().into_owned();
    Role { name, policy, document: serde_json::from_str(&decoded).unwrap() }
}

fn between(text: &str, start: &str, end: &str) -> String {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap().0.to_owned()
}

fn list(action: &Value) -> Vec<String> {
    match action {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        other => panic!("{other} is no action"),
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
        let left: Vec<String> = list(&statement["Action"]).into_iter().filter(|one| one != action).collect();
        statement["Action"] = json!(left);
    }
    statements.retain(|statement| statement["Action"] != json!([]));
    document
}

fn put(stack: &Stack, role: &Role, document: &Value) {
    let document: String = form_urlencoded::byte_serialize(document.to_string().as_bytes()).collect();
    let (name, policy) = (&role.name, &role.policy);
    let body = format!(
        "Action=PutRolePolicy&Version=2010-05-08&RoleName={name}&PolicyName={policy}&PolicyDocument={document}"
    );
    form_call(&stack.endpoint, "iam", &body).unwrap();
}
