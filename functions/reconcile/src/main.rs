//! Builds what [`reconcile::Deps`] needs and runs it.

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use aws_adapters::sqs::SqsQueue;
use lambda_http_kit::config::ReconcileConfig;
use reconcile::Deps;
use uploads_core::env::Env;

fn main() -> Result<(), lambda_runtime::Error> {
    lambda_http_kit::run_events(|config: ReconcileConfig| {
        let storage = &config.storage;
        let clients = Clients::new(storage.path_style);
        let records = DynamoRecords::new(clients.clone(), &storage.table).with_owner_shards(storage.owner_shards);
        let objects = S3Objects::new(clients.clone(), &storage.bucket);
        let events = SqsQueue::new(clients.clone(), &config.queue_url);
        let lost_announcements = config.lost_announcements_url.as_ref().map(|url| SqsQueue::new(clients, url));
        Deps { config, records, objects, events, lost_announcements, env: Env::system() }
    })
}
