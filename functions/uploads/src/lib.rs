//! Serves the caller's own uploads: status, listing, content, deletion.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `GET /uploads`, `GET /uploads/{id}`, `GET /uploads/{id}/content`, `DELETE /uploads/{id}`,
//!   `POST /uploads/status`
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`, `OWNER_SHARDS`
//! - **IAM**: `dynamodb:GetItem` for a record, `dynamodb:BatchGetItem` for many, `dynamodb:Query` on the owner index, `dynamodb:PutItem` and
//!   `dynamodb:UpdateItem` for tombstones; `s3:GetObject` and `s3:ListBucket` to tell `validating` from
//!   `not-received`, `s3:GetObjectVersion` because a content URL has the signer's rights, `s3:ListBucketVersions` and
//!   `s3:DeleteObjectVersion` to delete; `s3:AbortMultipartUpload`, `s3:ListMultipartUploadParts` and
//!   `s3:ListBucketMultipartUploads` to delete a multipart upload that is in progress

mod content;
mod delete;
mod statuses;
mod wire;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, RequestExt, Response};
use lambda_http_kit::HttpHandler;
use lambda_http_kit::config::ApiConfig;
use lambda_http_kit::http::{Code, Problem, Route, caller, json, named_caller};
use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::observed::ObservedObject;
use policy::session::{Session, State};
use policy::upload::{Record, ValidatedUpload};
use policy::view::Upload;
use uploads_core::env::Env;
use uploads_core::ports::due_index::DueIndex;
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

/// What the function works with.
pub struct Deps<R, O> {
    /// Bucket, credentials, policy and access.
    pub config: ApiConfig,
    /// The table.
    pub records: R,
    /// The bucket.
    pub objects: O,
    /// The clock; this function uses no randomness.
    pub env: Env,
}

/// The ports to the table that this function uses.
pub trait Table: UploadRecords + Sessions + DueIndex {}
impl<T: UploadRecords + Sessions + DueIndex> Table for T {}

/// The ports to the bucket that this function uses.
pub trait Bucket: Objects + MultipartUploads {}
impl<T: Objects + MultipartUploads> Bucket for T {}

impl<R: Table, O: Bucket> HttpHandler for Deps<R, O> {
    async fn handle(&self, request: Request) -> Response<Body> {
        let answer = match Route::of(&request) {
            Some(Route::ListUploads) => self.list(&request).await,
            Some(Route::GetUpload(id)) => self.get(&request, &id).await,
            Some(Route::GetStatuses) => self.statuses(&request).await,
            Some(Route::GetContent(id)) => self.content(&request, &id).await,
            Some(Route::DeleteUpload(id)) => self.delete(&request, &id).await,
            Some(_) | None => {
                let detail = "this function lists, serves and deletes uploads: GET /uploads/{id}";
                Err(Problem::new(Code::NoSuchRoute, detail))
            }
        };
        answer.unwrap_or_else(Problem::into_response)
    }
}

/// An upload that was not deleted.
enum Found {
    /// It has a verdict.
    Validated(Box<ValidatedUpload>),
    /// Its object exists, its verdict does not.
    Arrived(Box<ObservedObject>),
    /// Its multipart upload is not complete.
    Uploading(Box<Session>),
}

impl<R: Table, O: Bucket> Deps<R, O> {
    async fn get(&self, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
        let key = object_key(caller(request, &self.config.access)?, id)?;
        let upload = match self.find(&key).await? {
            Found::Validated(validated) => Upload::validated(&validated),
            Found::Arrived(observed) => Upload::validating(&key, &self.config.bucket, &observed),
            Found::Uploading(session) => Upload::uploading(&session, &self.config.bucket),
        };
        Ok(json(StatusCode::OK, &upload))
    }

    async fn list(&self, request: &Request) -> Result<Response<Body>, Problem> {
        let owner = named_caller(request, &self.config.access)?;
        let query = request.query_string_parameters();
        let before = query.first("cursor").map(wire::read_cursor).transpose()?;
        let page = self.records.list(&owner, before, wire::page_size(query.first("limit"))?).await?;
        Ok(json(StatusCode::OK, &wire::ListResponse::from(&page)))
    }

    /// Finds the record, or else the object, or else the multipart session.
    ///
    /// Between two of these reads the upload may be completed, or rejected and its object deleted. So the last read is
    /// the record again.
    async fn find(&self, key: &ObjectKey) -> Result<Found, Problem> {
        if let Some(validated) = verdict(self.own_record(key).await?)? {
            return Ok(Found::Validated(validated));
        }
        if let Some(observed) = self.objects.head(key, None).await? {
            return Ok(Found::Arrived(Box::new(observed)));
        }
        if let Some(session) = self.active_session(key).await? {
            match session.state {
                State::Completed(_) => {
                    if let Some(observed) = self.objects.head(key, None).await? {
                        return Ok(Found::Arrived(Box::new(observed)));
                    }
                }
                State::Opening | State::Open { .. } | State::Completing(_) | State::Aborted(_) | State::Expired(_) => {
                    return Ok(Found::Uploading(Box::new(session)));
                }
            }
        }
        verdict(self.own_record(key).await?)?.map(Found::Validated).ok_or_else(not_received)
    }

    /// The record, if it belongs to the caller. Another owner's record gets the same response as an upload that never
    /// arrived.
    async fn own_record(&self, key: &ObjectKey) -> Result<Option<Record>, Problem> {
        match self.records.get(key.id()).await? {
            Some(record) if record.key() != key => Err(not_received()),
            record => Ok(record),
        }
    }

    /// The multipart session, unless it was aborted or has expired.
    async fn active_session(&self, key: &ObjectKey) -> Result<Option<Session>, Problem> {
        let session = self.records.session(key).await?;
        Ok(session.filter(|session| !session.is_over((self.env.now)())))
    }
}

/// The verdict of a record; `None` while it is pending.
fn verdict(record: Option<Record>) -> Result<Option<Box<ValidatedUpload>>, Problem> {
    match record {
        Some(Record::Validated(validated)) => Ok(Some(validated)),
        Some(Record::Deleting(_) | Record::Deleted(_)) => Err(deleted()),
        Some(Record::Pending(_)) | None => Ok(None),
    }
}

/// The key of the owner's upload `id`, whether or not it exists.
fn object_key(owner: OwnerId, id: &str) -> Result<ObjectKey, Problem> {
    let id = UploadId::parse(id).map_err(|_| Problem::new(Code::NotFound, "the id is not a valid upload id"))?;
    Ok(ObjectKey::new(owner, id))
}

fn not_received() -> Problem {
    Problem::new(Code::NotReceived, "nothing has arrived for this id: upload the file, or request a new grant")
}

fn deleted() -> Problem {
    Problem::new(Code::Deleted, "this upload was deleted")
}

#[cfg(test)]
mod tests;
