//! Builds what [`presign::Deps`] needs and runs it.

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use lambda_http_kit::config::ApiConfig;
use presign::Deps;
use uploads_core::env::Env;

fn main() -> Result<(), lambda_http::Error> {
    lambda_http_kit::run_http(|config: ApiConfig| {
        let records = DynamoRecords::new(Clients::new(config.path_style), &config.table);
        Deps { config, records, env: Env::system() }
    })
}
