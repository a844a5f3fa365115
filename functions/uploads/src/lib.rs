//! What became of uploads: status, listing, content, delete. Always the caller's own only.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `GET /uploads`, `GET /uploads/{id}`, `GET /uploads/{id}/content`, `DELETE /uploads/{id}`
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`, `OWNER_SHARDS`
//! - **IAM**: `dynamodb:GetItem` for a record, `dynamodb:Query` on the owner index, `dynamodb:PutItem` and
//!   `dynamodb:UpdateItem` for tombstones; `s3:GetObject` and `s3:ListBucket` to tell "still validating" from
//!   "never arrived", `s3:GetObjectVersion` because the content URL acts with these rights,
//!   `s3:ListBucketVersions` and `s3:DeleteObjectVersion` to delete; `s3:AbortMultipartUpload`,
//!   `s3:ListMultipartUploadParts` and `s3:ListBucketMultipartUploads` to delete what is still on its way in parts

mod content;
mod delete;
mod wire;

use std::convert::Infallible;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, RequestExt, Response};
use shared::ambient::Ambient;
use shared::config::Config;
use shared::http::{Code, Problem, caller, json, named_caller};
use shared::key::{ObjectKey, OwnerId, UploadId};
use shared::objects::Objects;
use shared::objects::multipart::MultipartUploads;
use shared::records::UploadRecords;
use shared::records::sessions::Sessions;
use shared::session::{Session, State};
use shared::upload::{Judged, Record};
use shared::verdict::Observed;
use shared::view::Upload;

/// What answering needs.
pub struct Deps<R, O> {
    /// Bucket, credentials, policy, access.
    pub config: Config,
    /// The table.
    pub records: R,
    /// The bucket.
    pub objects: O,
    /// The clock.
    pub ambient: Ambient,
}

/// Answers one request; there is always an answer.
///
/// # Errors
/// Never.
pub async fn handle<R: UploadRecords + Sessions, O: Objects + MultipartUploads>(
    deps: &Deps<R, O>,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let answer = match (request.method(), segments.as_slice()) {
        (&Method::GET, ["uploads"]) => list(deps, &request).await,
        (&Method::GET, ["uploads", id]) => status(deps, &request, id).await,
        (&Method::GET, ["uploads", id, "content"]) => content::content(deps, &request, id).await,
        (&Method::DELETE, ["uploads", id]) => delete::delete(deps, &request, id).await,
        _ => Err(Problem::new(Code::NoSuchRoute, "this function answers for uploads: GET /uploads/{id}")),
    };
    Ok(answer.unwrap_or_else(Problem::into_response))
}

async fn status<R: UploadRecords + Sessions, O: Objects + MultipartUploads>(
    deps: &Deps<R, O>,
    request: &Request,
    id: &str,
) -> Result<Response<Body>, Problem> {
    let key = own_key(caller(request, &deps.config.access)?, id)?;
    let upload = match look(deps, &key).await? {
        Seen::Judged(judged) => Upload::judged(&judged),
        Seen::Arrived(observed) => Upload::validating(&key, &deps.config.bucket, &observed),
        Seen::UnderWay(session) => Upload::uploading(&session, &deps.config.bucket),
    };
    Ok(json(StatusCode::OK, &upload))
}

async fn list<R: UploadRecords + Sessions, O: Objects + MultipartUploads>(
    deps: &Deps<R, O>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let owner = named_caller(request, &deps.config.access)?;
    let query = request.query_string_parameters();
    let before = match query.first("cursor") {
        None => None,
        Some(cursor) => Some(wire::read_cursor(cursor)?),
    };
    let page = deps.records.list(&owner, before, wire::page_size(query.first("limit"))?).await?;
    Ok(json(StatusCode::OK, &wire::Listing::from(&page)))
}

/// What there is of an upload.
enum Seen {
    Judged(Box<Judged>),
    Arrived(Box<Observed>),
    UnderWay(Box<Session>),
}

/// The record, or else the object, or else the session of what comes in parts. Between two looks it may have been
/// completed, or rejected and removed: so where there is none of them, the record has the last word.
async fn look<R: UploadRecords + Sessions, O: Objects>(deps: &Deps<R, O>, key: &ObjectKey) -> Result<Seen, Problem> {
    if let Some(judged) = judged(own_record(deps, key).await?)? {
        return Ok(Seen::Judged(judged));
    }
    if let Some(observed) = deps.objects.head(key, None).await? {
        return Ok(Seen::Arrived(Box::new(observed)));
    }
    if let Some(session) = deps.records.session(key).await?.filter(|session| !session.is_over((deps.ambient.now)())) {
        match session.state {
            State::Completed(_) => {
                if let Some(observed) = deps.objects.head(key, None).await? {
                    return Ok(Seen::Arrived(Box::new(observed)));
                }
            }
            State::Opening | State::Open { .. } | State::Completing(_) | State::Aborted(_) | State::Expired(_) => {
                return Ok(Seen::UnderWay(Box::new(session)));
            }
        }
    }
    judged(own_record(deps, key).await?)?.map(Seen::Judged).ok_or_else(not_received)
}

fn judged(record: Option<Record>) -> Result<Option<Box<Judged>>, Problem> {
    match record {
        Some(Record::Judged(judged)) => Ok(Some(judged)),
        Some(Record::Deleting(_) | Record::Deleted(_)) => Err(deleted()),
        Some(Record::Pending(_)) | None => Ok(None),
    }
}

/// Where the caller's upload of that id would lie.
fn own_key(owner: OwnerId, id: &str) -> Result<ObjectKey, Problem> {
    let id = UploadId::parse(id).map_err(|_| Problem::new(Code::NotFound, "there is no upload with this id"))?;
    Ok(ObjectKey::new(owner, id))
}

/// The record, if it is the caller's. Another's looks exactly like one that was never received.
async fn own_record<R: UploadRecords, O>(deps: &Deps<R, O>, key: &ObjectKey) -> Result<Option<Record>, Problem> {
    match deps.records.get(key.id()).await? {
        Some(record) if record.key() != key => Err(not_received()),
        record => Ok(record),
    }
}

fn not_received() -> Problem {
    Problem::new(Code::NotReceived, "nothing has arrived for this id: upload it first, or ask for a new grant")
}

fn deleted() -> Problem {
    Problem::new(Code::Deleted, "this upload was deleted")
}

#[cfg(test)]
mod tests;
