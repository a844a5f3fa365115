//! Builds what [`presign::handle`] needs and runs it.

use lambda_http::Error;
use presign::Deps;
use shared::{ambient::Ambient, clients::Clients, config::Config, http, records::dynamodb::DynamoRecords, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let answers = DynamoRecords::new(Clients::new(config.path_style), &config.table, config.owner_shards);
    let deps = Deps { config, answers, ambient: Ambient::system() };
    http::run(|request| presign::handle(&deps, request)).await
}
