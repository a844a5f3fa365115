//! Builds what [`reconcile::handle`] needs and runs it.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use reconcile::Deps;
use serde_json::Value;
use shared::{ambient::Ambient, clients::Clients, config::Config, telemetry};
use shared::{objects::s3::S3Objects, queue::sqs::SqsQueue, records::dynamodb::DynamoRecords};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let clients = Clients::new(config.path_style);
    let records = DynamoRecords::new(clients.clone(), &config.table, config.owner_shards);
    let objects = S3Objects::new(clients.clone(), &config.bucket);
    let events = SqsQueue::new(clients, &config.queue);
    let deps = Deps { config, records, objects, events, ambient: Ambient::system() };
    let deps = &deps;
    let handle = |event: LambdaEvent<Value>| async move {
        reconcile::handle(deps, &event.payload, event.context.deadline()).await
    };
    run(service_fn(handle)).await
}
