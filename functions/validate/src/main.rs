//! Builds what [`validate::Deps`] needs and runs it.

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use lambda_http_kit::config::ValidateConfig;
use uploads_core::env::Env;
use validate::Deps;

fn main() -> Result<(), lambda_runtime::Error> {
    lambda_http_kit::run_events(|config: ValidateConfig| {
        let clients = Clients::new(config.path_style);
        let records = DynamoRecords::new(clients.clone(), &config.table).with_owner_shards(config.owner_shards);
        let objects = S3Objects::new(clients, &config.bucket);
        Deps { config, records, objects, env: Env::system() }
    })
}
