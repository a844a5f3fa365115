//! Builds what [`forward::handle`] needs and runs it.

use forward::Deps;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use shared::{bus::eventbridge::EventBridge, clients::Clients, config::Config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let bus = EventBridge::new(Clients::new(config.path_style), &config.event_bus);
    let deps = Deps { bucket: config.bucket, region: config.region, bus };
    run(service_fn(|event: LambdaEvent<_>| forward::handle(&deps, event.payload, event.context.deadline()))).await
}
