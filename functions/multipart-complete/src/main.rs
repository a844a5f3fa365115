//! Builds what [`multipart_complete::Deps`] needs and runs it.

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use aws_adapters::sqs::SqsQueue;
use lambda_http_kit::config::CompleteConfig;
use multipart_complete::Deps;
use uploads_core::env::Env;

fn main() -> Result<(), lambda_http::Error> {
    lambda_http_kit::run_http(|config: CompleteConfig| {
        let CompleteConfig { api, completions_url } = config;
        let clients = Clients::new(api.path_style);
        let records = DynamoRecords::new(clients.clone(), &api.table);
        let objects = S3Objects::new(clients.clone(), &api.bucket);
        let completions = SqsQueue::new(clients, &completions_url);
        Deps { config: api, records, objects, completions, env: Env::system() }
    })
}
