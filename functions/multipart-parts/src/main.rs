//! Builds what [`multipart_parts::Deps`] needs and runs it.

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use lambda_http_kit::config::ApiConfig;
use multipart_parts::Deps;
use uploads_core::env::Env;

fn main() -> Result<(), lambda_http::Error> {
    lambda_http_kit::run_http(|config: ApiConfig| {
        let clients = Clients::new(config.path_style);
        let records = DynamoRecords::new(clients.clone(), &config.table);
        let objects = S3Objects::new(clients, &config.bucket);
        Deps { config, records, objects, env: Env::system() }
    })
}
