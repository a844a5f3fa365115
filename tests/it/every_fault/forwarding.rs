//! The scenario of the forwarder.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use aws_adapters::dynamodb::stream;
use aws_adapters::eventbridge::EventBridge;
use aws_adapters::sqs::SqsQueue;
use lambda_http_kit::EventHandler;
use policy::key::ObjectKey;
use policy::upload::{Outcome, Record};
use serde_json::{Value, json};
use testkit::contract::validated;
use uploads_core::ports::records::RecordChange;

use super::Scenario;
use super::fixture::{Fixture, Invocation, Reply, deadline_in, fresh_owner};
use crate::aws::{create_queue, delete_queue, receive_json, subscribe, unsubscribe};
use crate::support::wait_for;

/// Eleven verdicts, which need two calls for each target.
pub(super) struct ForwardVerdicts {
    fixture: Rc<Fixture>,
    rule: String,
    event: Value,
    /// The queue of a consumer.
    consumer: String,
    /// The queue of a webhook endpoint.
    webhook: String,
    /// The ids whose event the consumer has not received.
    missing: RefCell<BTreeSet<String>>,
    /// The ids without a delivery in the webhook's queue.
    undelivered: RefCell<BTreeSet<String>>,
}

impl Scenario for ForwardVerdicts {
    const FUNCTION: &'static str = "forward";
    const TITLE: &'static str = "eleven verdicts in the table's stream";
    const END_STATE: &'static str = "a consumer on the bus and the queue of a webhook received each of them";
    const CALLS: &'static [&'static str] = &["PutEvents", "PutEvents", "SendMessageBatch", "SendMessageBatch"];

    async fn prepare(fixture: Rc<Fixture>) -> Self {
        let keys: Vec<ObjectKey> = (0..11).map(|_| fresh_owner().1).collect();
        let ids: BTreeSet<String> = keys.iter().map(|key| key.id().to_string()).collect();
        let rule = format!("every-fault-{}", keys[0].id());
        let consumer = subscribe(&rule, &json!({ "source": ["sluice"], "detail": { "id": ids } }));
        let webhook = create_queue(&format!("webhook-{}", keys[0].id()));
        let record = |(n, key): (usize, &ObjectKey)| {
            let new = Record::Validated(Box::new(validated(key, "v1", Outcome::Accepted)));
            stream::record(&RecordChange { old: None, new, deleted_at: None }, n)
        };
        let event = json!({ "Records": keys.iter().enumerate().map(record).collect::<Vec<_>>() });
        Self {
            fixture,
            rule,
            event,
            consumer,
            webhook,
            missing: RefCell::new(ids.clone()),
            undelivered: RefCell::new(ids),
        }
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply {
        let bus = EventBridge::new(invocation.clients(), "default");
        let (bus, webhooks) = (Some(bus), vec![SqsQueue::new(invocation.clients(), &self.webhook)]);
        let deps = forward::Deps { config: self.fixture.config(&[]), read_change: stream::change, bus, webhooks };
        Reply::of_batch(deps.handle(self.event.clone(), deadline_in(Duration::from_mins(1))).await)
    }

    async fn assert_end_state(&self) {
        wait_for("all events at the consumer", || {
            let mut missing = self.missing.borrow_mut();
            if !missing.is_empty() {
                for event in receive_json(&self.consumer) {
                    missing.remove(event["detail"]["id"].as_str().unwrap());
                }
            }
            missing.is_empty().then_some(())
        });
        wait_for("all deliveries in the webhook's queue", || {
            let mut undelivered = self.undelivered.borrow_mut();
            if !undelivered.is_empty() {
                for delivery in receive_json(&self.webhook) {
                    let body: Value = serde_json::from_str(delivery["body"].as_str().unwrap()).unwrap();
                    undelivered.remove(body["data"]["id"].as_str().unwrap());
                }
            }
            undelivered.is_empty().then_some(())
        });
    }
}

impl Drop for ForwardVerdicts {
    /// Other tests list the rules of the bus.
    fn drop(&mut self) {
        unsubscribe(&self.rule);
        delete_queue(&self.webhook);
    }
}
