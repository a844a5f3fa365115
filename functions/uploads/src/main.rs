//! Builds what [`uploads::Deps`] needs and runs it.

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use lambda_http_kit::config::UploadsConfig;
use uploads::Deps;
use uploads_core::env::Env;

fn main() -> Result<(), lambda_http::Error> {
    lambda_http_kit::run_http(|config: UploadsConfig| {
        let UploadsConfig { api, owner_shards } = config;
        let clients = Clients::new(api.path_style);
        let records = DynamoRecords::new(clients.clone(), &api.table).with_owner_shards(owner_shards);
        let objects = S3Objects::new(clients, &api.bucket);
        Deps { config: api, records, objects, env: Env::system() }
    })
}
