//! The ports' contract, kept by the deployed table and bucket as by the ones in memory.

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, RequestChecksumCalculation, SharedCredentialsProvider};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use policy::checksum::{Checksum, ChecksumAlgorithm};
use policy::key::ObjectKey;
use policy::parts::{ETag, PartNumber};
use testkit::Upload;
use testkit::contract;
use testkit::contract::{Able, Stacking, Stocking};

use crate::world::{quiet_bucket, stack};

/// The SDK's configuration for the emulator's root.
pub(crate) fn config() -> SdkConfig {
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

/// A versioned bucket of its own: in the deployed one the validator would remove what this suite puts there.
pub(crate) struct QuietBucket {
    client: aws_sdk_s3::Client,
    pub(crate) name: String,
}

impl QuietBucket {
    pub(crate) fn new(purpose: &str) -> Self {
        // Like a client with a signed URL: no checksum but the one that it was asked for.
        let bare = RequestChecksumCalculation::WhenRequired;
        let path_style = aws_sdk_s3::config::Builder::from(&config()).force_path_style(true);
        let client = aws_sdk_s3::Client::from_conf(path_style.request_checksum_calculation(bare).build());
        let name = format!("contract-{purpose}-{}", std::process::id());
        quiet_bucket(&name, true);
        Self { client, name }
    }
}

impl Stocking for QuietBucket {
    async fn put(&self, key: &ObjectKey, upload: &Upload) -> String {
        let metadata = upload.metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let put = self.client.put_object().bucket(&self.name).key(key.to_string());
        let put = put.content_type(&upload.content_type).set_metadata(Some(metadata));
        let put = put.body(ByteStream::from(upload.bytes.clone())).send().await.unwrap();
        put.version_id.unwrap()
    }

    async fn hide(&self, key: &ObjectKey) -> String {
        let hidden = self.client.delete_object().bucket(&self.name).key(key.to_string()).send().await.unwrap();
        hidden.version_id.unwrap()
    }
}

impl Stacking for QuietBucket {
    async fn part(
        &self,
        key: &ObjectKey,
        upload: &str,
        number: PartNumber,
        bytes: &[u8],
        checksum: Option<&Checksum>,
    ) -> Option<ETag> {
        let part = self.client.upload_part().bucket(&self.name).key(key.to_string()).upload_id(upload);
        let part = part.part_number(number.get().try_into().unwrap()).body(ByteStream::from(bytes.to_vec()));
        let sum = |algorithm| checksum.filter(|sum| sum.algorithm() == algorithm).map(|sum| sum.value().to_owned());
        let part = part
            .set_checksum_sha256(sum(ChecksumAlgorithm::Sha256))
            .set_checksum_crc64_nvme(sum(ChecksumAlgorithm::Crc64Nvme));
        match part.send().await {
            Ok(stored) => Some(ETag::parse(stored.e_tag().unwrap()).unwrap()),
            Err(error) if error.code() == Some("NoSuchUpload") => None,
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn the_deployed_table_keeps_the_contract() {
    for shards in [1, 3] {
        contract::records(&DynamoRecords::new(Clients::of(config(), true), &stack().table).with_owner_shards(shards))
            .await;
    }
}

#[tokio::test]
async fn the_deployed_bucket_keeps_the_contract() {
    let stock = QuietBucket::new("objects");
    contract::objects(&S3Objects::new(Clients::of(config(), true), &stock.name), &stock).await;
}

#[tokio::test]
async fn the_deployed_sessions_keep_the_contract() {
    let table = DynamoRecords::new(Clients::of(config(), true), &stack().table);
    Box::pin(contract::sessions(&table)).await;
    contract::due_index(&table).await;
}

#[tokio::test]
async fn the_deployed_uploads_keep_the_contract() {
    let stock = QuietBucket::new("multipart");
    // The emulator takes parts of any size, verifies no checksum of the whole and knows no CRC-32C.
    let able = Able { minimum: false, whole: false, crc32c: false };
    let bucket = S3Objects::new(Clients::of(config(), true), &stock.name);
    contract::multipart(&bucket, &stock, able).await;
    contract::object_listing(&bucket, &stock).await;
}
