//! Grants a client the right to upload one object, with a presigned URL or form.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `POST /uploads`, `POST /uploads/batch`, `GET /policy`; for Uppy `GET /s3/params`, also below `/{class}`
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`
//! - **IAM**: `s3:PutObject` on the bucket's objects, because a presigned request has the signer's rights;
//!   `dynamodb:PutItem` on the table, for requests with an `Idempotency-Key` only
//!
//! Without that header the function makes no network call.

mod batch;
mod uppy;
mod wire;

use jiff::Timestamp;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, RequestExt, Response};
use lambda_http_kit::HttpHandler;
use lambda_http_kit::config::ApiConfig;
use lambda_http_kit::http::{Code, Problem, Route, caller, idempotent_id, json, parse_body};
use lambda_http_kit::presigned_upload::{PresignedUpload, UploadToSign};
use lambda_http_kit::uppy::{Operation, error_response};
use policy::key::UploadId;
use policy::{Refusal, ReviewedUpload, Transport};
use s3_presigner::Signer;
use uploads_core::env::Env;
use uploads_core::ports::records::IdempotencyStore;

/// What the function works with.
pub struct Deps<R> {
    /// Bucket, credentials, policy and access.
    pub config: ApiConfig,
    /// The table.
    pub records: R,
    /// Clock and randomness.
    pub env: Env,
}

impl<R: IdempotencyStore> HttpHandler for Deps<R> {
    async fn handle(&self, request: Request) -> Response<Body> {
        let answer = match Route::of(&request) {
            Some(Route::CreateUpload) => self.create_upload(&request).await,
            Some(Route::CreateBatch) => self.create_batch(&request).await,
            Some(Route::GetPolicy) => self.get_policy(&request),
            Some(Route::Uppy(route)) if route.operation == Operation::Params => self.params(&request, route.class),
            Some(_) | None => Err(Problem::new(Code::NoSuchRoute, "this function grants uploads: POST /uploads")),
        };
        answer.unwrap_or_else(|problem| error_response(request.uri().path(), problem))
    }
}

impl<R: IdempotencyStore> Deps<R> {
    async fn create_upload(&self, request: &Request) -> Result<Response<Body>, Problem> {
        let owner = caller(request, &self.config.access)?;
        let (upload, transport) = parse_body::<wire::CreateBody>(request)?.into_upload_request(owner.clone())?;
        let reviewed = self.config.policy.review(upload, transport)?;
        // Before the idempotency key is used: after a refusal, the corrected body must work with the same key.
        let encoded_grant = reviewed.grant.encode()?;
        let id = idempotent_id(&self.records, &self.env, request, &owner, "").await?;
        let presigned = self.sign(&self.signer(), id, &reviewed, encoded_grant, transport);
        tracing::info!(upload = %id, class = reviewed.grant.class, "upload granted");
        let body =
            wire::CreateResponse::new(id, presigned, &reviewed.grant.content_type, reviewed.multipart_recommended);
        Ok(json(StatusCode::CREATED, &body))
    }

    fn get_policy(&self, request: &Request) -> Result<Response<Body>, Problem> {
        caller(request, &self.config.access)?;
        let (query, policy) = (request.query_string_parameters(), &self.config.policy);
        let body = match query.first("class") {
            Some(name) => {
                wire::PolicyResponse::of_class(policy, name).ok_or(Refusal::UnknownClass { class: name.to_owned() })?
            }
            None => wire::PolicyResponse::from(policy),
        };
        Ok(json(StatusCode::OK, &body))
    }

    /// A signer, and the time from which its URLs are valid.
    fn signer(&self) -> (Signer, Timestamp) {
        let now = (self.env.now)();
        (self.config.signers.at(now), now)
    }

    fn sign(
        &self,
        (signer, now): &(Signer, Timestamp),
        id: UploadId,
        reviewed: &ReviewedUpload,
        encoded_grant: String,
        transport: Transport,
    ) -> PresignedUpload {
        let (bucket, endpoint) = (&self.config.bucket, &self.config.endpoint);
        UploadToSign { id, reviewed, encoded_grant, transport, bucket, endpoint }.sign(signer, *now)
    }
}

#[cfg(test)]
mod tests;
