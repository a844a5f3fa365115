//! `GET /s3/params` for Uppy: the same grant as `POST /uploads`, with Companion's request and response format.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use lambda_http_kit::http::{Problem, caller, json};
use lambda_http_kit::uppy::{Params, UppyFile, query};
use uploads_core::ports::records::IdempotencyStore;

use super::Deps;

impl<R: IdempotencyStore> Deps<R> {
    /// Without a class in the path, the class comes from the file's metadata.
    pub(super) fn params(&self, request: &Request, class: Option<String>) -> Result<Response<Body>, Problem> {
        let policy = &self.config.policy;
        let owner = caller(request, &self.config.access)?;
        let file = UppyFile::from_query(&query(request.uri().query().unwrap_or_default()));
        let transport = file.transport();
        let reviewed = policy.review(file.into_upload_request(owner, class, policy)?, transport)?;
        let encoded_grant = reviewed.grant.encode()?;
        let id = self.env.upload_id();
        let presigned = self.sign(&self.signer(), id, &reviewed, encoded_grant, transport);
        tracing::info!(upload = %id, class = reviewed.grant.class, "upload granted");
        Ok(json(StatusCode::OK, &Params::new(presigned, reviewed.url_life)))
    }
}
