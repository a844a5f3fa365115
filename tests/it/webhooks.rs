//! Verdicts and deletions reach webhook endpoints, whatever the endpoints do.
//!
//! The test deploys its own stack with three endpoints of this process, short waits and few attempts. The libraries of
//! Standard Webhooks verify deliveries: the one in Rust here, those from `PyPI` and npm in `tests/webhooks`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use local_stack::aws::json_call;
use local_stack::stack::Stack;
use serde_json::{Value, json};
use sluice::redrive::redrive_local;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;
use xtask::up::{deploy_beside, remove_beside};

use crate::api::{User, alice, alice_at};
use crate::aws::{peek, sqs};
use crate::support::{asset, stack, wait_for};

const SECRETS: [&str; 2] = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];

fn name() -> String {
    format!("sluice-webhooks-{}", std::process::id())
}

/// What an endpoint does with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Accept,
    Fail(u16),
    Hang,
    /// Closes the connection without an answer.
    Break,
}

/// A delivery that an endpoint received.
#[derive(Debug, Clone)]
struct Delivery {
    headers: HeaderMap,
    body: Bytes,
}

impl Delivery {
    fn id(&self) -> String {
        self.headers["webhook-id"].to_str().unwrap().to_owned()
    }

    fn event_id(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["data"]["eventId"].as_str().unwrap().to_owned()
    }

    /// Whether the receivers of docs/WEBHOOKS.md accept it: they use the libraries from `PyPI` and npm.
    fn is_accepted_by_the_receivers(&self, secret: &str) -> bool {
        let headers = self.headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())));
        let headers: serde_json::Map<String, Value> = headers.collect();
        let delivery =
            json!({ "secret": secret, "headers": headers, "body": std::str::from_utf8(&self.body).unwrap() });
        let mut python = Command::new("python3");
        python.args(["tests/webhooks/run.py", "--delivery"]).current_dir(xtask::root()).stdin(Stdio::piped());
        let mut python = python.spawn().unwrap();
        python.stdin.take().unwrap().write_all(delivery.to_string().as_bytes()).unwrap();
        python.wait().unwrap().success()
    }

    fn is_signed_with(&self, secret: &str) -> bool {
        Webhook::new(secret).unwrap().verify(&self.body, &self.headers).is_ok()
    }
}

/// An endpoint in this process. `accepted` are the deliveries that it answered with success.
#[derive(Clone)]
struct Endpoint {
    behaviour: Arc<Mutex<Vec<Behaviour>>>,
    received: Arc<Mutex<Vec<Delivery>>>,
    accepted: Arc<Mutex<Vec<Delivery>>>,
}

impl Endpoint {
    /// An endpoint that goes through `behaviours` and keeps the last.
    fn new(behaviours: &[Behaviour]) -> Self {
        let behaviour = Arc::new(Mutex::new(behaviours.to_vec()));
        Self { behaviour, received: Arc::default(), accepted: Arc::default() }
    }

    /// Starts it at `address`, and returns its address.
    fn start(&self, address: &str) -> SocketAddr {
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let local = listener.local_addr().unwrap();
        let router = Router::new().route("/", post(receive)).with_state(self.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { axum::serve(TcpListener::from_std(listener).unwrap(), router).await.unwrap() });
        });
        local
    }

    fn behave(&self, behaviours: &[Behaviour]) {
        *self.behaviour.lock().unwrap() = behaviours.to_vec();
    }

    fn next(&self) -> Behaviour {
        let mut behaviours = self.behaviour.lock().unwrap();
        if behaviours.len() > 1 { behaviours.remove(0) } else { behaviours[0] }
    }

    /// The ids of the accepted deliveries by event. An event has one id, however often it came.
    fn accepted(&self) -> BTreeMap<String, String> {
        let mut ids = BTreeMap::new();
        for delivery in self.accepted.lock().unwrap().iter() {
            let earlier = ids.insert(delivery.event_id(), delivery.id());
            assert!(earlier.is_none_or(|earlier| earlier == delivery.id()));
        }
        ids
    }

    fn received(&self) -> Vec<Delivery> {
        self.received.lock().unwrap().clone()
    }
}

async fn receive(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> Response {
    let delivery = Delivery { headers, body };
    endpoint.received.lock().unwrap().push(delivery.clone());
    match endpoint.next() {
        Behaviour::Accept => {
            endpoint.accepted.lock().unwrap().push(delivery);
            StatusCode::NO_CONTENT.into_response()
        }
        Behaviour::Fail(status) => (StatusCode::from_u16(status).unwrap(), [("retry-after", "1")]).into_response(),
        // The task of the connection ends with this.
        Behaviour::Break => std::panic::resume_unwind(Box::new("broken")),
        Behaviour::Hang => {
            tokio::time::sleep(Duration::from_mins(5)).await;
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

/// Writes the value of an endpoint's secret.
fn set_secret(stack: &Stack, endpoint: usize, value: &Value) {
    let request = json!({ "SecretId": stack.webhook_secrets[endpoint], "SecretString": value.to_string() });
    json_call(&stack.endpoint, "secretsmanager", "secretsmanager.PutSecretValue", &request).unwrap();
}

fn messages(queue: &str) -> u64 {
    let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    let attributes = sqs("GetQueueAttributes", &json!({ "QueueUrl": queue, "AttributeNames": names }));
    names.iter().map(|name| attributes["Attributes"][name].as_str().unwrap().parse::<u64>().unwrap()).sum()
}

/// Uploads a picture and returns the event id of its verdict.
fn verdict(user: &User) -> String {
    let grant = user.upload("lock.png", "image/png", &asset("lock.png"));
    let record = user.verdict(grant.id());
    format!("{}:{}:accepted", grant.id(), record["versionId"].as_str().unwrap())
}

#[test]
fn nothing_is_lost_and_no_endpoint_delays_another() {
    use Behaviour::{Accept, Break, Fail, Hang};
    let (good, slow, down) = (Endpoint::new(&[Accept]), Endpoint::new(&[Hang]), Endpoint::new(&[Accept]));
    let [good_at, slow_at] = [&good, &slow].map(|endpoint| endpoint.start("127.0.0.1:0"));
    // Nothing listens at this address yet.
    let down_at = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let parameters = [
        &format!("WebhookUrl1=http://{good_at}/"),
        &format!("WebhookUrl2=http://{slow_at}/"),
        &format!("WebhookUrl3=http://{down_at}/"),
        "WebhookPrivateHosts=true",
        "WebhookRetryWaits=1s",
        "WebhookAttempts=4",
        "WebhookTimeout=2",
    ];
    let stack = deploy_beside(&name(), &parameters).unwrap();
    let [old, new] = SECRETS;
    set_secret(&stack, 0, &json!({ "current": old }));
    let alice = alice_at(&stack);

    let mut events: BTreeSet<String> = (0..3).map(|_| verdict(&alice)).collect();
    let deleted = events.first().unwrap().split(':').next().unwrap().to_owned();
    assert_eq!(alice.delete(&deleted).status, 200);
    events.insert(format!("{deleted}::deleted"));
    // The good endpoint gets everything while the slow one has answered nothing and the third is down.
    let has_all = |endpoint: &Endpoint| endpoint.accepted().into_keys().collect::<BTreeSet<_>>() == events;
    wait_for("all events at the good endpoint", || has_all(&good).then_some(()));
    assert!(slow.accepted().is_empty());
    let ids = good.accepted();
    let newest = good.received().pop().unwrap();
    assert!(newest.is_accepted_by_the_receivers(old));
    assert!(!newest.is_accepted_by_the_receivers(new));

    // Each failure is followed by another attempt. A new attempt has its own time.
    slow.behave(&[Fail(500), Fail(429), Break, Accept]);
    let dead_letters = stack.webhook_dead_letters.clone().unwrap();
    wait_for("the deliveries of the endpoint that is down in the dead-letter queue", || {
        let mut dead = peek(&dead_letters).into_iter().map(|message| message["Body"].as_str().unwrap().to_owned());
        dead.any(|body| body.contains(r#""endpoint":3"#)).then_some(())
    });
    let queues = &stack.webhook_queues;
    wait_for("empty queues", || queues.iter().all(|queue| messages(queue) == 0).then_some(()));
    for delivery in slow.received() {
        assert_eq!(Some(&delivery.id()), ids.get(&delivery.event_id()));
    }

    // The third endpoint comes up, and a redrive delivers everything under the same ids.
    down.start(&down_at.to_string());
    assert!(redrive_local(&stack).unwrap() >= 4);
    for endpoint in [&slow, &down] {
        wait_for("all events after the redrive", || has_all(endpoint).then_some(()));
        assert_eq!(endpoint.accepted(), ids);
    }

    // During a rotation a receiver with the old secret and one with the new verify every delivery.
    let until = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
    set_secret(&stack, 0, &json!({ "current": new, "previous": old, "previousUntil": until }));
    // After a minute every function has read both.
    let rotated = wait_for("a delivery with both signatures", || {
        let event = verdict(&alice);
        let delivery = wait_for("the delivery", || good.received().into_iter().find(|sent| sent.event_id() == event));
        assert!(delivery.is_signed_with(old));
        delivery.is_signed_with(new).then_some(event)
    });
    let all = good.received();
    let first_with_both = all.iter().position(|delivery| delivery.event_id() == rotated).unwrap();
    assert!(all[first_with_both..].iter().all(|delivery| delivery.is_signed_with(old) && delivery.is_signed_with(new)));
    remove_beside(&name()).unwrap();
}

/// The deliveries of an event at the local stack's receiver.
fn told(event: &str) -> Vec<Value> {
    let file = local_stack::local().join("../web/webhooks.json");
    let deliveries: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let all = deliveries.as_array().unwrap().iter();
    all.filter(|delivery| delivery["eventId"] == event).cloned().collect()
}

#[test]
fn the_local_receiver_verifies_deliveries() {
    let event = verdict(&alice());
    let delivery = wait_for("the delivery", || told(&event).pop());
    assert_eq!((&delivery["verified"], &delivery["type"]), (&json!(true), &json!("upload.accepted")));
    assert!(stack().webhook_queues.len() == 1);
}
