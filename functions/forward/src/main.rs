//! Builds the dependencies of the function from its environment, and runs it.

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::stream;
use aws_adapters::eventbridge::EventBridge;
use aws_adapters::sqs::SqsQueue;
use forward::Deps;
use lambda_http_kit::config::ForwardConfig;

fn main() -> Result<(), lambda_runtime::Error> {
    lambda_http_kit::run_events(|config: ForwardConfig| {
        let clients = Clients::default();
        let bus = config.event_bus.as_ref().map(|name| EventBridge::new(clients.clone(), name));
        let webhooks = config.webhook_queues.iter().map(|url| SqsQueue::new(clients.clone(), url)).collect();
        Deps { config, read_change: stream::change, bus, webhooks }
    })
}
