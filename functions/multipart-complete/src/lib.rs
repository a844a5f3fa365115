//! Completes or aborts a multipart upload.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `POST /uploads/multipart/{sessionId}/complete`, `DELETE /uploads/multipart/{sessionId}`; for Uppy
//!   `POST /s3/multipart/{uploadId}/complete` and `DELETE /s3/multipart/{uploadId}`, also below `/{class}`
//! - **Environment**: `BUCKET`, `TABLE`, `COMPLETIONS_URL`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`
//! - **IAM**: `dynamodb:UpdateItem` for the lease, `dynamodb:GetItem` and `dynamodb:PutItem` for the session;
//!   `s3:PutObject` to complete the upload, or to recreate one that S3 lost; `s3:ListMultipartUploadParts`,
//!   `s3:ListBucketMultipartUploads` and `s3:AbortMultipartUpload` to abort, and to check that no part remains;
//!   `s3:GetObject` and `s3:ListBucket` to find the object after a lost response; `sqs:SendMessage` to queue a
//!   completion that takes longer than a request

mod uppy;
mod wire;

use std::time::Duration;

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, Response};
use lambda_http_kit::HttpHandler;
use lambda_http_kit::config::ApiConfig;
use lambda_http_kit::http::{Code, Problem, Route, json, parse_body, session_key};
use lambda_http_kit::uppy::{Operation, Route as UppyRoute, error_response};
use policy::hash::hex;
use policy::key::ObjectKey;
use policy::session::Session;
use tokio::time::Instant;
use uploads_core::env::Env;
use uploads_core::multipart::{CloseOutcome, Completion, CompletionJob, Multipart, RequestedParts, SessionProblem};
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::objects::Objects;
use uploads_core::ports::queue::Queue;
use uploads_core::ports::sessions::Sessions;

/// What the function works with.
pub struct Deps<R, O, Q> {
    /// Bucket, credentials, policy and access.
    pub config: ApiConfig,
    /// The table.
    pub records: R,
    /// The bucket.
    pub objects: O,
    /// The queue for completions that take longer than a request.
    pub completions: Q,
    /// Clock and randomness.
    pub env: Env,
}

/// The ports to the bucket that this function uses.
pub trait Bucket: MultipartUploads + Objects {}
impl<T: MultipartUploads + Objects> Bucket for T {}

/// How long a request waits for S3. API Gateway's time-out is 30 seconds
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>, read 2026-11); the response
/// needs the rest.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(24);

/// The `Retry-After` of a 202, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

impl<R: Sessions, O: Bucket, Q: Queue> HttpHandler for Deps<R, O, Q> {
    async fn handle(&self, request: Request) -> Response<Body> {
        let answer = match Route::of(&request) {
            Some(Route::CompleteMultipart(session)) => self.complete(&request, &session).await,
            Some(Route::AbortMultipart(session)) => self.abort(&request, &session).await,
            Some(Route::Uppy(UppyRoute { operation: Operation::Complete(upload), .. })) => {
                Ok(self.complete_for_uppy(&request, &upload).await)
            }
            Some(Route::Uppy(UppyRoute { operation: Operation::Abort(upload), .. })) => {
                Ok(self.abort_for_uppy(&request, &upload).await)
            }
            Some(_) | None => {
                let detail = "this function completes and aborts multipart uploads: POST /uploads/multipart/{sessionId}/complete";
                Err(Problem::new(Code::NoSuchRoute, detail))
            }
        };
        answer.unwrap_or_else(|problem| error_response(request.uri().path(), problem))
    }
}

impl<R: Sessions, O: Bucket, Q: Queue> Deps<R, O, Q> {
    fn multipart(&self) -> Multipart<'_, R, O> {
        Multipart { records: &self.records, objects: &self.objects, now: self.env.now }
    }

    async fn complete(&self, request: &Request, session: &str) -> Result<Response<Body>, Problem> {
        let key = session_key(request, &self.config.access, session)?;
        let body = if request.body().is_empty() { wire::CompleteBody::default() } else { parse_body(request)? };
        match self.complete_session(&key, &body.into_requested_parts()?).await? {
            Some(session) => Ok(json(StatusCode::OK, &wire::CompleteResponse::new(&session, &self.config.bucket))),
            None => Ok(still_completing(&key)),
        }
    }

    /// The completed session; `None` where S3 needs longer than [`REQUEST_TIMEOUT`].
    async fn complete_session(
        &self,
        key: &ObjectKey,
        requested: &RequestedParts,
    ) -> Result<Option<Session>, SessionProblem> {
        let holder = hex(&(self.env.random)());
        let (limits, deadline) = (self.config.policy.store, Instant::now() + REQUEST_TIMEOUT);
        match self.multipart().complete(key, requested, &holder, limits, deadline).await? {
            Completion::Done(session) => Ok(Some(session)),
            Completion::LeasedByOther(_) => Ok(None),
            Completion::TimedOut(_) => {
                self.queue_completion(CompletionJob { key: key.clone(), holder }).await;
                Ok(None)
            }
        }
    }

    /// Sends the completion to the queue. If that fails, the lease expires, and the next request or the reconciler
    /// completes the upload.
    async fn queue_completion(&self, job: CompletionJob) {
        match self.completions.send(&job.to_json()).await {
            Ok(()) => tracing::info!(upload = %job.key.id(), "completion queued"),
            Err(error) => tracing::error!(upload = %job.key.id(), %error, "completion not queued"),
        }
    }

    async fn abort(&self, request: &Request, session: &str) -> Result<Response<Body>, Problem> {
        let key = session_key(request, &self.config.access, session)?;
        let session = match self.multipart().abort(&key).await? {
            CloseOutcome::Closed(session) | CloseOutcome::StillActive(session) => session,
        };
        Ok(json(StatusCode::OK, &wire::SessionStatus::new(&key, session.state.name())))
    }
}

/// 202: S3 has not completed the upload yet.
fn still_completing(key: &ObjectKey) -> Response<Body> {
    let mut response = json(StatusCode::ACCEPTED, &wire::SessionStatus::new(key, "completing"));
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    response
}

#[cfg(test)]
mod tests;
