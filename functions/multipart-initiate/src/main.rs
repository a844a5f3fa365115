//! Builds what [`multipart_initiate::handle`] needs and runs it.

use lambda_http::Error;
use multipart_initiate::Deps;
use shared::clients::Clients;
use shared::{
    ambient::Ambient, config::Config, http, objects::s3::S3Objects, records::dynamodb::DynamoRecords, telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let clients = Clients::new(config.path_style);
    let records = DynamoRecords::new(clients.clone(), &config.table, config.owner_shards);
    let store = S3Objects::new(clients, &config.bucket);
    let deps = Deps { config, records, store, ambient: Ambient::system() };
    http::run(|request| multipart_initiate::handle(&deps, request)).await
}
