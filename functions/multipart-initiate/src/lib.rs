//! Creates multipart uploads.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `POST /uploads/multipart`; for Uppy `POST /s3/multipart`, also below `/{class}`
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`
//! - **IAM**: `dynamodb:PutItem` to write sessions and idempotency keys, `dynamodb:UpdateItem` to count sessions without
//!   a declared size; `s3:PutObject` to create the upload and because requests with part URLs use this permission;
//!   `s3:AbortMultipartUpload`, `s3:ListMultipartUploadParts` and `s3:ListBucketMultipartUploads` to abort a second
//!   upload for the same session, or one above the owner's limit
//!
//! The session is written to the table before the upload is created in S3. If the process dies in between, the
//! reconciler still finds the upload.

mod uppy;
mod wire;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use lambda_http_kit::HttpHandler;
use lambda_http_kit::config::ApiConfig;
use lambda_http_kit::http::{Code, PartUrls, Problem, Route, caller, idempotent_id, json, parse_body, sign_parts};
use lambda_http_kit::uppy::{Operation, error_response};
use policy::ReviewedMultipart;
use policy::key::{ObjectKey, UploadId};
use policy::parts::{PartNumber, PartPlan};
use policy::session::Session;
use uploads_core::env::Env;
use uploads_core::multipart::{Multipart, SessionProblem};
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::IdempotencyStore;
use uploads_core::ports::sessions::Sessions;

/// The operations on the table that this function uses.
pub trait Table: Sessions + IdempotencyStore {}
impl<T: Sessions + IdempotencyStore> Table for T {}

/// The operations on the bucket that this function uses.
pub trait Bucket: MultipartUploads + Objects {}
impl<T: MultipartUploads + Objects> Bucket for T {}

/// What the function works with.
pub struct Deps<R, O> {
    /// Bucket, credentials, policy and access.
    pub config: ApiConfig,
    /// The table.
    pub records: R,
    /// The bucket.
    pub objects: O,
    /// Clock and randomness.
    pub env: Env,
}

/// How many part URLs the first answer has: enough to start uploading, and few enough for a fast answer.
const FIRST_PAGE_PARTS: u32 = 100;

impl<R: Table, O: Bucket> HttpHandler for Deps<R, O> {
    async fn handle(&self, request: Request) -> Response<Body> {
        let answer = match Route::of(&request) {
            Some(Route::CreateMultipart) => self.create_multipart(&request).await,
            Some(Route::Uppy(route)) if route.operation == Operation::Create => {
                Ok(self.create_for_uppy(&request, route.class).await)
            }
            Some(_) | None => {
                let detail = "this function creates multipart uploads: POST /uploads/multipart";
                Err(Problem::new(Code::NoSuchRoute, detail))
            }
        };
        answer.unwrap_or_else(|problem| error_response(request.uri().path(), problem))
    }
}

impl<R: Table, O: Bucket> Deps<R, O> {
    async fn create_multipart(&self, request: &Request) -> Result<Response<Body>, Problem> {
        let owner = caller(request, &self.config.access)?;
        let (upload, part_checksum) = parse_body::<wire::CreateBody>(request)?.into_upload_request(owner.clone())?;
        let reviewed = self.config.policy.review_multipart(upload, part_checksum)?;
        // This check precedes the reservation of the idempotency key, so a client can correct the body and keep the key.
        reviewed.grant.encode_for_multipart()?;
        let id = idempotent_id(&self.records, &self.env, request, &owner, "multipart").await?;
        let session = self.open_session(id, reviewed).await?;
        let page = self.sign_first_page(&session)?;
        Ok(json(StatusCode::CREATED, &wire::CreateResponse::new(&session, page)))
    }

    /// Writes the session and creates its multipart upload in S3.
    async fn open_session(&self, id: UploadId, reviewed: ReviewedMultipart) -> Result<Session, SessionProblem> {
        let ReviewedMultipart { grant, plan, terms, unsized_sessions } = reviewed;
        let key = ObjectKey::new(grant.owner.clone(), id);
        let session = Session::new(key, grant, plan, terms, (self.env.now)());
        let multipart = Multipart { records: &self.records, objects: &self.objects, now: self.env.now };
        let session = multipart.open(session, unsized_sessions).await?;
        let (class, last_part) = (&session.grant.class, session.plan.last().get());
        tracing::info!(upload = %id, class, parts = last_part, "multipart upload created");
        Ok(session)
    }

    /// Signs the first parts; none where each part URL needs a checksum, which the client sends later.
    fn sign_first_page(&self, session: &Session) -> Result<PartUrls, Problem> {
        let last = session.plan.last();
        let count = if session.terms.part_checksum.is_some() { 0 } else { last.get().min(FIRST_PAGE_PARTS) };
        let parts = (1..=count).map(|number| (PartNumber::new(number).expect("counted from 1"), None));
        let mut page = sign_parts(&self.config, session, parts, (self.env.now)())?;
        // Without a declared size, the number of parts is unknown: there is no next part to announce.
        if let PartPlan::Sized { .. } = session.plan {
            page.next = page.next.or_else(|| (count < last.get()).then(|| count + 1));
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests;
