//! A grant for one request, signed: what its holder sends, and where.

use jiff::Timestamp;

use policy::grant::METADATA_HEADER;
use policy::key::{ObjectKey, UploadId};
use policy::{Grant, ReviewedUpload, SizeGrant, Transport};
use s3_presigner::post::{Form, FormRequest};
use s3_presigner::{BucketEndpoint, Request, Signer, expiry};

/// A grant that is about to be signed.
#[derive(Debug, Clone)]
pub struct UploadToSign<'a> {
    /// The upload that it is for.
    pub id: UploadId,
    /// What was granted.
    pub reviewed: &'a ReviewedUpload,
    /// The same as it travels with the object.
    pub encoded_grant: String,
    /// How the bytes will travel.
    pub transport: Transport,
    /// The bucket's name.
    pub bucket: &'a str,
    /// The bucket's address.
    pub endpoint: &'a BucketEndpoint,
}

/// What the holder sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresignedUpload {
    /// One PUT with exactly these headers.
    Put {
        /// The object's key.
        key: String,
        /// Where to.
        url: String,
        /// Lower-case names.
        headers: Vec<(&'static str, String)>,
        /// Until when it may begin.
        expires_at: Timestamp,
    },
    /// One form.
    Post {
        /// The form.
        form: Form,
        /// Until when it may begin.
        expires_at: Timestamp,
    },
}

impl UploadToSign<'_> {
    /// Signs the grant. `now` must be the time that `signer` was made for.
    #[must_use]
    pub fn sign(self, signer: &Signer, now: Timestamp) -> PresignedUpload {
        let UploadToSign { id, reviewed, encoded_grant, transport, bucket, endpoint } = self;
        let grant = &reviewed.grant;
        let key = ObjectKey::new(grant.owner.clone(), id).to_string();
        let mut fixed = vec![("content-type", grant.content_type.to_string())];
        if let Some(checksum) = &grant.checksum {
            fixed.push((checksum.algorithm().header(), checksum.value().to_owned()));
        }
        fixed.push((METADATA_HEADER, encoded_grant));
        let expires_at = expiry(now, reviewed.url_life);
        match transport {
            Transport::Put => {
                let headers = put_headers(grant, fixed);
                let request = Request { method: "PUT", endpoint, key: &key, headers: &headers, query: &[] };
                let url = signer.presign(&request, reviewed.url_life);
                PresignedUpload::Put { key, url, headers, expires_at }
            }
            Transport::Post => {
                fixed.push(("success_action_status", "201".to_owned()));
                let (min, max) = match grant.size {
                    SizeGrant::Exactly(size) => (size, size),
                    SizeGrant::Between { min, max } => (min, max),
                };
                let (min, max) = (min.bytes(), max.bytes());
                let request = FormRequest { bucket, endpoint, key: &key, fields: &fixed, min, max };
                PresignedUpload::Post { form: signer.form(&request, now, reviewed.url_life), expires_at }
            }
        }
    }
}

/// What the store will insist on: the exact length, and that nothing lies there yet.
fn put_headers(grant: &Grant, fixed: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    let mut headers = fixed;
    if let SizeGrant::Exactly(size) = grant.size {
        headers.push(("content-length", size.bytes().to_string()));
    }
    headers.push(("if-none-match", "*".to_owned()));
    headers
}
