//! Builds what [`uploads::handle`] needs and runs it.

use lambda_http::Error;
use shared::clients::Clients;
use shared::{
    ambient::Ambient, config::Config, http, objects::s3::S3Objects, records::dynamodb::DynamoRecords, telemetry,
};
use uploads::Deps;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let clients = Clients::new(config.path_style);
    let records = DynamoRecords::new(clients.clone(), &config.table, config.owner_shards);
    let objects = S3Objects::new(clients, &config.bucket);
    let deps = Deps { config, records, objects, ambient: Ambient::system() };
    http::run(|request| uploads::handle(&deps, request)).await
}
