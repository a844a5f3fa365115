//! The AWS adapters over the emulator, and a bucket for tests that call them directly.

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, RequestChecksumCalculation, SharedCredentialsProvider};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;
use local_stack::aws::REGION;
use policy::checksum::{Checksum, ChecksumAlgorithm};
use policy::key::ObjectKey;
use policy::parts::{ETag, PartNumber};
use policy::session::{Event, Session};
use testkit::contract::{PutObjects, PutParts};
use testkit::{PNG, Upload, grant};
use uploads_core::ports::multipart_uploads::{CreateMultipartUpload, MultipartUploads};
use uploads_core::ports::sessions::Sessions;

use crate::aws::create_bucket;
use crate::support::stack;

/// The SDK's configuration for the emulator's root user.
pub(crate) fn sdk_config() -> SdkConfig {
    let key = &stack().credentials;
    sdk_config_for(&stack().endpoint, (&key.access_key_id, &key.secret_access_key))
}

/// The SDK's configuration for a store without TLS.
pub(crate) fn sdk_config_for(endpoint: &str, key: (&str, &str)) -> SdkConfig {
    let credentials = Credentials::new(key.0, key.1, None, None, "test");
    let http = aws_smithy_http_client::Builder::new().build_http();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .build()
}

pub(crate) fn records(table: &str) -> DynamoRecords {
    DynamoRecords::new(Clients::of(sdk_config(), true), table)
}

pub(crate) fn objects(bucket: &str) -> S3Objects {
    S3Objects::new(Clients::of(sdk_config(), true), bucket)
}

/// The request that creates a multipart upload for a file of five bytes.
pub(crate) fn create_request(key: &ObjectKey) -> CreateMultipartUpload {
    CreateMultipartUpload {
        content_type: "image/png".to_owned(),
        encoded_grant: grant(key.owner(), 5).encode_for_multipart().unwrap(),
        generation: 1,
        checksum: None,
    }
}

/// A versioned bucket that sends no events. In the deployed bucket the validator would delete the test's objects.
pub(crate) struct TestBucket {
    pub(crate) client: aws_sdk_s3::Client,
    pub(crate) name: String,
}

/// A client of a store. It sends no checksum unless a test sets one, as a client with a presigned URL does.
pub(crate) fn client(config: &SdkConfig) -> aws_sdk_s3::Client {
    let checksums = RequestChecksumCalculation::WhenRequired;
    let path_style = aws_sdk_s3::config::Builder::from(config).force_path_style(true);
    aws_sdk_s3::Client::from_conf(path_style.request_checksum_calculation(checksums).build())
}

impl TestBucket {
    pub(crate) fn new(purpose: &str) -> Self {
        let name = format!("contract-{purpose}-{}", std::process::id());
        create_bucket(&name, true);
        Self { client: client(&sdk_config()), name }
    }

    /// Puts bytes under a grant for a file of [`PNG`]'s size, and returns the version.
    pub(crate) async fn put_granted(&self, key: &ObjectKey, bytes: &[u8]) -> String {
        self.put(key, &Upload::granted(&grant(key.owner(), PNG.len() as u64), bytes)).await
    }

    /// Creates a multipart upload with one part of five bytes, and returns the upload id.
    pub(crate) async fn create_upload_with_part(&self, key: &ObjectKey) -> String {
        let upload = objects(&self.name).create_upload(key, &create_request(key)).await.unwrap();
        self.part(key, &upload, PartNumber::FIRST, b"12345", None).await.unwrap();
        upload
    }
}

/// Stores a session, then opens it with this upload id.
pub(crate) async fn open_session(records: &DynamoRecords, session: Session, upload: &str) -> Session {
    records.open(&session).await.unwrap();
    let open = session.step(Event::Created { upload: upload.to_owned() }, Timestamp::now()).unwrap();
    records.change(&open).await.unwrap();
    open
}

impl PutObjects for TestBucket {
    async fn put(&self, key: &ObjectKey, upload: &Upload) -> String {
        let metadata = upload.metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let put = self.client.put_object().bucket(&self.name).key(key.to_string());
        let put = put.content_type(&upload.content_type).set_metadata(Some(metadata));
        let put = put.body(ByteStream::from(upload.bytes.clone())).send().await.unwrap();
        put.version_id.unwrap()
    }

    async fn hide(&self, key: &ObjectKey) -> String {
        let marker = self.client.delete_object().bucket(&self.name).key(key.to_string()).send().await.unwrap();
        marker.version_id.unwrap()
    }
}

impl PutParts for TestBucket {
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
        let value = |algorithm| checksum.filter(|sum| sum.algorithm() == algorithm).map(|sum| sum.value().to_owned());
        let part = part
            .set_checksum_sha256(value(ChecksumAlgorithm::Sha256))
            .set_checksum_crc64_nvme(value(ChecksumAlgorithm::Crc64Nvme));
        match part.send().await {
            Ok(stored) => Some(ETag::parse(stored.e_tag().unwrap()).unwrap()),
            Err(error) if error.code() == Some("NoSuchUpload") => None,
            Err(error) => panic!("{error:?}"),
        }
    }
}
