//! Multipart uploads on S3.

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Config, StalledStreamProtectionConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{ChecksumAlgorithm as Algorithm, ChecksumType, CompletedMultipartUpload, CompletedPart};
use jiff::Timestamp;

use super::{S3Objects, status, unavailable};
use policy::checksum::ChecksumAlgorithm;
use policy::grant::{GENERATION_NAME, METADATA_NAME};
use policy::key::ObjectKey;
use policy::parts::{ETag, Part, PartNumber};
use policy::session::Completed;
use policy::size::ByteSize;
use uploads_core::ports::multipart_uploads::{
    CompleteError, CompleteMultipartUpload, CreateMultipartUpload, InProgressPage, InProgressUpload, MultipartUploads,
    PartsPage,
};
use uploads_core::ports::objects::ObjectsError;

impl MultipartUploads for S3Objects {
    async fn create_upload(
        &self,
        key: &ObjectKey,
        create_request: &CreateMultipartUpload,
    ) -> Result<String, ObjectsError> {
        let sums = create_request.checksum;
        let kind = |whole| if whole { ChecksumType::FullObject } else { ChecksumType::Composite };
        let begun = self
            .client()
            .await
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key.to_string())
            .content_type(&create_request.content_type)
            .metadata(METADATA_NAME, &create_request.encoded_grant)
            .metadata(GENERATION_NAME, create_request.generation.to_string())
            .set_checksum_algorithm(sums.map(|sums| algorithm(sums.algorithm)))
            .set_checksum_type(sums.map(|sums| kind(sums.whole)))
            .send()
            .await
            .map_err(|e| unavailable(&e))?;
        begun.upload_id.ok_or_else(|| ObjectsError("an upload without an id".into()))
    }

    async fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &str,
        after: Option<PartNumber>,
    ) -> Result<Option<PartsPage>, ObjectsError> {
        let page = self
            .client()
            .await
            .list_parts()
            .bucket(&self.bucket)
            .key(key.to_string())
            .upload_id(upload)
            .set_part_number_marker(after.map(|number| number.to_string()))
            .send()
            .await;
        let page = match page {
            Ok(page) => page,
            Err(error) if error.code() == Some("NoSuchUpload") => return Ok(None),
            Err(error) => return Err(unavailable(&error)),
        };
        let truncated = page.is_truncated() == Some(true);
        let parts: Vec<Part> = page.parts().iter().map(part).collect::<Option<_>>().ok_or_else(|| odd("a part"))?;
        let marker = || page.next_part_number_marker().and_then(|text| text.parse().ok()).and_then(PartNumber::new);
        let next = truncated.then(|| marker().ok_or_else(|| odd("a page without its end"))).transpose()?;
        Ok(Some(PartsPage { parts, next }))
    }

    async fn complete_upload(
        &self,
        key: &ObjectKey,
        upload: &str,
        complete_request: &CompleteMultipartUpload,
    ) -> Result<Completed, CompleteError> {
        let parts = complete_request.parts.iter().map(|(number, etag, sum)| {
            let part = CompletedPart::builder()
                .part_number(i32::try_from(number.get()).unwrap_or(i32::MAX))
                .e_tag(etag.to_string());
            match (complete_request.part_checksum, sum.clone()) {
                (Some(ChecksumAlgorithm::Crc32), Some(sum)) => part.checksum_crc32(sum),
                (Some(ChecksumAlgorithm::Crc32c), Some(sum)) => part.checksum_crc32_c(sum),
                (Some(ChecksumAlgorithm::Crc64Nvme), Some(sum)) => part.checksum_crc64_nvme(sum),
                (Some(ChecksumAlgorithm::Sha1), Some(sum)) => part.checksum_sha1(sum),
                (Some(ChecksumAlgorithm::Sha256), Some(sum)) => part.checksum_sha256(sum),
                (None, _) | (_, None) => part,
            }
            .build()
        });
        let whole = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let mut complete = self
            .client()
            .await
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(key.to_string())
            .upload_id(upload)
            .multipart_upload(whole)
            .mpu_object_size(i64::try_from(complete_request.size.bytes()).unwrap_or(i64::MAX))
            .if_none_match("*");
        if let Some(checksum) = &complete_request.checksum {
            let value = checksum.value();
            complete = match checksum.algorithm() {
                ChecksumAlgorithm::Crc32 => complete.checksum_crc32(value),
                ChecksumAlgorithm::Crc32c => complete.checksum_crc32_c(value),
                ChecksumAlgorithm::Crc64Nvme => complete.checksum_crc64_nvme(value),
                ChecksumAlgorithm::Sha1 => complete.checksum_sha1(value),
                ChecksumAlgorithm::Sha256 => complete.checksum_sha256(value),
            };
            complete = complete.checksum_type(ChecksumType::FullObject);
        }
        // S3 may take minutes and sends blanks meanwhile. A lost answer is not retried here: the caller first checks whether
        // the object exists.
        let patient = Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        match complete.customize().config_override(patient).send().await {
            Ok(done) => {
                let etag = done.e_tag().and_then(|etag| ETag::parse(etag).ok());
                let etag = etag.ok_or_else(|| CompleteError::Unclear(odd("an object without an ETag")))?;
                Ok(Completed { version: done.version_id.unwrap_or_default(), etag })
            }
            Err(error) => Err(refusal(&error)),
        }
    }

    async fn abort_upload(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        let aborted = self.client().await.abort_multipart_upload().bucket(&self.bucket).key(key.to_string());
        match aborted.upload_id(upload).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("NoSuchUpload") => Ok(()),
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn list_in_progress(
        &self,
        prefix: &str,
        after: Option<(String, String)>,
    ) -> Result<InProgressPage, ObjectsError> {
        let (key_marker, upload_marker) = after.unzip();
        let page = self
            .client()
            .await
            .list_multipart_uploads()
            .bucket(&self.bucket)
            .prefix(prefix)
            .set_key_marker(key_marker)
            .set_upload_id_marker(upload_marker)
            .send()
            .await
            .map_err(|e| unavailable(&e))?;
        let uploads = page.uploads().iter().map(|found| {
            let begun_at = found.initiated().and_then(|at| Timestamp::from_second(at.secs()).ok())?;
            Some(InProgressUpload { key: found.key()?.to_owned(), upload: found.upload_id()?.to_owned(), begun_at })
        });
        let uploads = uploads.collect::<Option<_>>().ok_or_else(|| odd("an upload"))?;
        let next = (page.is_truncated() == Some(true))
            .then(|| page.next_key_marker.zip(page.next_upload_id_marker).ok_or_else(|| odd("a page without its end")));
        Ok(InProgressPage { uploads, next: next.transpose()? })
    }
}

/// What S3's refusal to complete an upload means
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>, read 2026-11). It may come with
/// status 200, which the SDK sees through.
fn refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> CompleteError {
    match (error.code(), status(error)) {
        (Some("NoSuchUpload"), _) => CompleteError::NoSuchUpload,
        (Some("PreconditionFailed"), _) | (_, Some(412)) => CompleteError::Exists,
        (Some("ConditionalRequestConflict" | "OperationAborted"), _) | (_, Some(409)) => CompleteError::Conflict,
        (Some("InvalidPart" | "InvalidPartOrder"), _) => CompleteError::InvalidPart,
        (Some("EntityTooSmall"), _) => CompleteError::PartTooSmall,
        (Some(code @ ("BadDigest" | "InvalidRequest" | "EntityTooLarge" | "InvalidDigest")), _) => {
            CompleteError::ObjectMismatch(format!("{code}: {}", error.message().unwrap_or_default()))
        }
        _ => CompleteError::Unclear(unavailable(error)),
    }
}

fn part(part: &aws_sdk_s3::types::Part) -> Option<Part> {
    let sums = [
        part.checksum_crc32(),
        part.checksum_crc32_c(),
        part.checksum_crc64_nvme(),
        part.checksum_sha1(),
        part.checksum_sha256(),
    ];
    Some(Part {
        number: PartNumber::new(u32::try_from(part.part_number()?).ok()?)?,
        etag: ETag::parse(part.e_tag()?).ok()?,
        size: ByteSize::from_bytes(u64::try_from(part.size()?).ok()?),
        checksum: sums.into_iter().flatten().next().map(str::to_owned),
    })
}

fn algorithm(algorithm: ChecksumAlgorithm) -> Algorithm {
    match algorithm {
        ChecksumAlgorithm::Crc32 => Algorithm::Crc32,
        ChecksumAlgorithm::Crc32c => Algorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme => Algorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1 => Algorithm::Sha1,
        ChecksumAlgorithm::Sha256 => Algorithm::Sha256,
    }
}

fn odd(what: &str) -> ObjectsError {
    ObjectsError(format!("S3 sent {what} that can't be read").into())
}
