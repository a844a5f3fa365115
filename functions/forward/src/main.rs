//! Builds the dependencies of the function from its environment, and runs it.

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::stream;
use aws_adapters::eventbridge::EventBridge;
use forward::Deps;
use lambda_http_kit::config::ForwardConfig;

fn main() -> Result<(), lambda_runtime::Error> {
    lambda_http_kit::run_events(|config: ForwardConfig| {
        let bus = EventBridge::new(Clients::default(), &config.event_bus);
        Deps { config, read_change: stream::change, bus }
    })
}
