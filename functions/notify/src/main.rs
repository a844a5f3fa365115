//! Builds what [`notify::Deps`] needs and runs it.

use aws_adapters::clients::Clients;
use aws_adapters::secrets::SecretsManager;
use aws_adapters::sqs::SqsQueue;
use notify::{Config, Deps, HttpsClient};

fn main() -> Result<(), lambda_runtime::Error> {
    lambda_http_kit::run_events(|config: Config| {
        let clients = Clients::default();
        let queues = config.endpoints.iter().map(|endpoint| SqsQueue::new(clients.clone(), &endpoint.queue)).collect();
        let client = HttpsClient::new(config.timeout, config.private_hosts);
        Deps::new(config, client, SecretsManager(clients), queues, uploads_core::env::Env::system())
    })
}
