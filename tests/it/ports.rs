//! The ports' contract, kept by the deployed table and bucket as by the ones in memory.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::primitives::ByteStream;
use shared::clients::Clients;
use shared::key::ObjectKey;
use shared::objects::s3::S3Objects;
use shared::records::dynamodb::DynamoRecords;
use shared::testing::Upload;
use shared::testing::contract::{self, Stocking};

use crate::world::stack;

fn config() -> SdkConfig {
    let key = &stack().credentials;
    let credentials = Credentials::new(&key.access_key_id, &key.secret_access_key, None, None, "local stack");
    let http = aws_smithy_http_client::Builder::new().build_http();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(stack().region.clone()))
        .endpoint_url(&stack().endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .build()
}

struct DeployedBucket(aws_sdk_s3::Client);

impl Stocking for DeployedBucket {
    async fn put(&self, key: &ObjectKey, upload: &Upload) -> String {
        let metadata = upload.metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let put = self.0.put_object().bucket(&stack().bucket).key(key.to_string());
        let put = put.content_type(&upload.content_type).set_metadata(Some(metadata));
        let put = put.body(ByteStream::from(upload.bytes.clone())).send().await.unwrap();
        put.version_id.unwrap()
    }

    async fn hide(&self, key: &ObjectKey) -> String {
        let hidden = self.0.delete_object().bucket(&stack().bucket).key(key.to_string()).send().await.unwrap();
        hidden.version_id.unwrap()
    }
}

#[tokio::test]
async fn the_deployed_table_keeps_the_contract() {
    for shards in [1, 3] {
        contract::records(&DynamoRecords::new(Clients::of(config(), true), &stack().table, shards)).await;
    }
}

#[tokio::test]
async fn the_deployed_bucket_keeps_the_contract() {
    let path_style = aws_sdk_s3::config::Builder::from(&config()).force_path_style(true).build();
    let stock = DeployedBucket(aws_sdk_s3::Client::from_conf(path_style));
    contract::objects(&S3Objects::new(Clients::of(config(), true), &stack().bucket), &stock).await;
}
