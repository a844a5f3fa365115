//! Builds what [`multipart_complete::handle`] needs and runs it.

use lambda_http::Error;
use multipart_complete::Deps;
use shared::{ambient::Ambient, clients::Clients, config::Config, http, telemetry};
use shared::{objects::s3::S3Objects, queue::sqs::SqsQueue, records::dynamodb::DynamoRecords};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let clients = Clients::new(config.path_style);
    let sessions = DynamoRecords::new(clients.clone(), &config.table, config.owner_shards);
    let store = S3Objects::new(clients.clone(), &config.bucket);
    let completions = SqsQueue::new(clients, &config.completions);
    let deps = Deps { config, sessions, store, completions, ambient: Ambient::system() };
    http::run(|request| multipart_complete::handle(&deps, request)).await
}
