//! Signs the URLs of parts, page by page, and lists the parts that S3 has received.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `POST /uploads/multipart/{sessionId}/parts`, `GET /uploads/multipart/{sessionId}/parts`; for Uppy
//!   `GET /s3/multipart/{uploadId}`, `GET /s3/multipart/{uploadId}/{partNumber}` (`batch` for several) and `POST /s3/sign`,
//!   also below `/{class}`
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`
//! - **IAM**: `dynamodb:GetItem` to read the session, `dynamodb:PutItem` to extend it and to store a recreated upload,
//!   `dynamodb:UpdateItem` to stop counting a closed session; `s3:PutObject` because the part URLs act with this right,
//!   and to recreate an upload that S3 has lost; `s3:ListMultipartUploadParts`; `s3:GetObject` and `s3:ListBucket` to
//!   tell a lost upload from a completed one; `s3:AbortMultipartUpload` for a second upload of the same session, and for
//!   an upload above its limit

mod uppy;
mod wire;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use lambda_http_kit::HttpHandler;
use lambda_http_kit::config::ApiConfig;
use lambda_http_kit::http::{Code, Problem, Route, json, parse_body, session_key, sign_parts};
use lambda_http_kit::uppy::error_response;
use uploads_core::env::Env;
use uploads_core::multipart::Multipart;
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::objects::Objects;
use uploads_core::ports::sessions::Sessions;

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

impl<R: Sessions, O: Bucket> HttpHandler for Deps<R, O> {
    async fn handle(&self, request: Request) -> Response<Body> {
        let answer = match Route::of(&request) {
            Some(Route::SignParts(session_id)) => self.sign_page(&request, &session_id).await,
            Some(Route::ListParts(session_id)) => self.list_parts(&request, &session_id).await,
            Some(Route::Uppy(route)) => self.answer_uppy(&request, &route).await,
            Some(_) | None => Err(no_such_route()),
        };
        answer.unwrap_or_else(|problem| error_response(request.uri().path(), problem))
    }
}

fn no_such_route() -> Problem {
    let detail = "this function signs and lists the parts of multipart uploads: /uploads/multipart/{sessionId}/parts";
    Problem::new(Code::NoSuchRoute, detail)
}

impl<R: Sessions, O: Bucket> Deps<R, O> {
    fn multipart(&self) -> Multipart<'_, R, O> {
        Multipart { records: &self.records, objects: &self.objects, now: self.env.now }
    }

    /// Signs as many of the requested parts as fit into one answer.
    async fn sign_page(&self, request: &Request, session_id: &str) -> Result<Response<Body>, Problem> {
        let key = session_key(request, &self.config.access, session_id)?;
        let body = parse_body::<wire::SignBody>(request)?;
        let session = self.multipart().for_signing(&key).await?;
        let parts = body.into_parts(&session)?;
        let page = sign_parts(&self.config, &session, parts, (self.env.now)())?;
        tracing::info!(upload = %key.id(), parts = page.parts.len(), "part URLs signed");
        Ok(json(StatusCode::OK, &page))
    }

    async fn list_parts(&self, request: &Request, session_id: &str) -> Result<Response<Body>, Problem> {
        let key = session_key(request, &self.config.access, session_id)?;
        let listing = self.multipart().list(&key).await?;
        Ok(json(StatusCode::OK, &wire::ListResponse::from(&listing)))
    }
}

#[cfg(test)]
mod tests;
