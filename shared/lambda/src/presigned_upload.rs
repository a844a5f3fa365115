//! A grant for one request as a presigned URL or a signed form.

use jiff::Timestamp;

use policy::grant::METADATA_HEADER;
use policy::key::{ObjectKey, UploadId};
use policy::{Grant, ReviewedUpload, SizeGrant, Transport};
use s3_presigner::post::{Form, FormRequest};
use s3_presigner::{BucketEndpoint, Request, Signer, expiry};

/// A grant to sign.
#[derive(Debug, Clone)]
pub struct UploadToSign<'a> {
    /// The id of the upload.
    pub id: UploadId,
    /// The grant and the life of its URL.
    pub reviewed: &'a ReviewedUpload,
    /// The grant in the form of the object's metadata.
    pub encoded_grant: String,
    /// PUT or POST.
    pub transport: Transport,
    /// The bucket's name.
    pub bucket: &'a str,
    /// The bucket's address in the URL.
    pub endpoint: &'a BucketEndpoint,
}

/// A presigned URL or a signed form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresignedUpload {
    /// A URL for one PUT.
    Put {
        /// The object's key.
        key: String,
        /// The presigned URL.
        url: String,
        /// The client must send these headers with these values. Names in lower case.
        headers: Vec<(&'static str, String)>,
        /// When S3 starts to refuse it. An upload that began earlier finishes.
        expires_at: Timestamp,
    },
    /// A form for one POST.
    Post {
        /// Its URL and fields.
        form: Form,
        /// When S3 starts to refuse it. An upload that began earlier finishes.
        expires_at: Timestamp,
    },
}

impl UploadToSign<'_> {
    /// Signs the grant. `now` must be the time for which `signer` was made.
    #[must_use]
    pub fn sign(self, signer: &Signer, now: Timestamp) -> PresignedUpload {
        let UploadToSign { id, reviewed, encoded_grant, transport, bucket, endpoint } = self;
        let grant = &reviewed.grant;
        let key = ObjectKey::new(grant.owner.clone(), id).to_string();
        let mut fields = vec![("content-type", grant.content_type.to_string())];
        if let Some(checksum) = &grant.checksum {
            fields.push((checksum.algorithm().header(), checksum.value().to_owned()));
        }
        fields.push((METADATA_HEADER, encoded_grant));
        let expires_at = expiry(now, reviewed.url_life);
        match transport {
            Transport::Put => {
                let headers = put_headers(grant, fields);
                let request = Request { method: "PUT", endpoint, key: &key, headers: &headers, query: &[] };
                let url = signer.presign(&request, reviewed.url_life);
                PresignedUpload::Put { key, url, headers, expires_at }
            }
            Transport::Post => {
                fields.push(("success_action_status", "201".to_owned()));
                let (min, max) = match grant.size {
                    SizeGrant::Exactly(size) => (size, size),
                    SizeGrant::Between { min, max } => (min, max),
                };
                let (min, max) = (min.bytes(), max.bytes());
                let request = FormRequest { bucket, endpoint, key: &key, fields: &fields, min, max };
                PresignedUpload::Post { form: signer.form(&request, now, reviewed.url_life), expires_at }
            }
        }
    }
}

/// The headers of a PUT. S3 refuses another length, and refuses to overwrite an object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>).
fn put_headers(grant: &Grant, fields: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    let mut headers = fields;
    if let SizeGrant::Exactly(size) = grant.size {
        headers.push(("content-length", size.bytes().to_string()));
    }
    headers.push(("if-none-match", "*".to_owned()));
    headers
}
