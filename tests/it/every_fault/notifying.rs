//! The scenarios of the notifier. Faults hit its calls to AWS; the endpoint is in memory.

use std::rc::Rc;
use std::time::Duration;

use aws_adapters::secrets::SecretsManager;
use aws_adapters::sqs::SqsQueue;
use lambda_http_kit::EventHandler;
use local_stack::aws::json_call;
use policy::webhook::Delivery;
use serde_json::{Value, json};
use testkit::{MemoryEndpoints, fresh_id};
use uploads_core::ports::webhooks::Answer;

use super::Scenario;
use super::fixture::{Fixture, Invocation, Reply, deadline_in};
use crate::aws::{create_queue, delete_queue, receive, send_message, sqs};
use crate::support::stack;

const URL: &str = "https://app.example/";

/// A received delivery, its queue and its secret.
struct Waiting {
    fixture: Rc<Fixture>,
    endpoints: MemoryEndpoints,
    queue: String,
    secret: String,
    event: Value,
}

impl Waiting {
    fn new(fixture: Rc<Fixture>) -> Self {
        let id = fresh_id();
        let queue = create_queue(&format!("delivery-{id}"));
        let delivery = Delivery { endpoint: 1, id: format!("evt_{id}"), body: "{}".to_owned() };
        send_message(&queue, &serde_json::to_string(&delivery).unwrap());
        let mut message = receive(&queue).pop().unwrap();
        let event = json!({ "Records": [{
            "messageId": message["MessageId"].take(),
            "receiptHandle": message["ReceiptHandle"].take(),
            "body": message["Body"].take(),
            "attributes": { "ApproximateReceiveCount": "1" },
        }] });
        let secret = format!("secret-{id}");
        let value = json!({ "current": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }).to_string();
        secrets("CreateSecret", &json!({ "Name": secret, "SecretString": value }));
        Self { fixture, endpoints: MemoryEndpoints::default(), queue, secret, event }
    }

    /// Handles the message, and returns whether it stays in its queue.
    async fn is_kept(&self, invocation: &Invocation<'_>) -> bool {
        let variables = [
            ("WEBHOOK_URLS", URL),
            ("WEBHOOK_SECRETS", self.secret.as_str()),
            ("WEBHOOK_QUEUES", &self.queue),
            ("WEBHOOK_RETRY_WAITS", "1h"),
        ];
        let queues = vec![SqsQueue::new(invocation.clients(), &self.queue)];
        let store = SecretsManager(invocation.clients());
        let config = self.fixture.config(&variables);
        let deps = notify::Deps::new(config, &self.endpoints, store, queues, invocation.env());
        let answer = deps.handle(self.event.clone(), deadline_in(Duration::from_mins(1))).await.unwrap();
        answer["batchItemFailures"] != json!([])
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        delete_queue(&self.queue);
        secrets("DeleteSecret", &json!({ "SecretId": self.secret, "ForceDeleteWithoutRecovery": true }));
    }
}

fn secrets(action: &str, body: &Value) {
    json_call(&stack().endpoint, "secretsmanager", &format!("secretsmanager.{action}"), body).unwrap();
}

/// A delivery to an endpoint that accepts it.
pub(super) struct Deliver(Waiting);

impl Scenario for Deliver {
    const FUNCTION: &'static str = "notify";
    const TITLE: &'static str = "a delivery to a webhook";
    const END_STATE: &'static str = "the endpoint received it";
    const CALLS: &'static [&'static str] = &["GetSecretValue"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        Self(Waiting::new(fixture))
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        if self.0.is_kept(invocation).await { Reply::Retry("again".to_owned()) } else { Reply::done() }
    }

    async fn assert_end_state(&self) {
        assert!(!self.0.endpoints.received().is_empty());
    }
}

/// A delivery to an endpoint that answers 503.
pub(super) struct Wait(Waiting);

impl Scenario for Wait {
    const FUNCTION: &'static str = "notify";
    const TITLE: &'static str = "a delivery to a webhook that answers 503";
    const END_STATE: &'static str = "it is in its queue, for another attempt";
    const CALLS: &'static [&'static str] = &["GetSecretValue", "ChangeMessageVisibility"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let waiting = Waiting::new(fixture);
        waiting.endpoints.answer(URL, Ok(Answer { status: 503, retry_after: None }));
        Self(waiting)
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        assert!(self.0.is_kept(invocation).await);
        Reply::Done("waits".to_owned())
    }

    async fn assert_end_state(&self) {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let attributes = sqs("GetQueueAttributes", &json!({ "QueueUrl": self.0.queue, "AttributeNames": names }));
        let count = |name: &&str| attributes["Attributes"][*name].as_str().unwrap().parse::<u64>().unwrap();
        assert_eq!(names.iter().map(count).sum::<u64>(), 1);
    }
}
