//! Uppy's `POST /s3/multipart/{uploadId}/complete` and `DELETE /s3/multipart/{uploadId}`.

use lambda_http::{Body, Request, Response};
use lambda_http_kit::http::{Problem, session_key};
use lambda_http_kit::uppy::{AbortResponse, CompleteResponse, named_parts, query, respond, wants_xml};
use policy::parts::PartsProblem;
use uploads_core::multipart::SessionProblem;
use uploads_core::ports::queue::Queue;
use uploads_core::ports::sessions::Sessions;

use super::{Bucket, Deps};

impl<R: Sessions, O: Bucket, Q: Queue> Deps<R, O, Q> {
    pub(super) async fn complete_for_uppy(&self, request: &Request, upload: &str) -> Response<Body> {
        let xml = is_xml(request);
        respond(xml, self.complete_named_parts(request, upload, xml).await)
    }

    async fn complete_named_parts(
        &self,
        request: &Request,
        upload: &str,
        xml: bool,
    ) -> Result<CompleteResponse, Problem> {
        let key = session_key(request, &self.config.access, upload)?;
        let requested = named_parts(request, xml)?;
        match self.complete_session(&key, &requested).await {
            // 200 even while S3 still completes the upload: all parts have arrived, and the reconciler finishes it.
            // These clients do not know 202. After an error one of them would send the whole file again.
            Ok(_) => {}
            Err(problem @ SessionProblem::Parts(PartsProblem::TooLarge { .. })) => {
                // These clients do not replace parts, so the upload can never get below its limit.
                self.multipart().abort(&key).await?;
                return Err(problem.into());
            }
            Err(problem) => return Err(problem.into()),
        }
        let (bucket, key) = (self.config.bucket.clone(), key.to_string());
        Ok(CompleteResponse { location: format!("{}{key}", self.config.endpoint.bucket_url()), key, bucket })
    }

    pub(super) async fn abort_for_uppy(&self, request: &Request, upload: &str) -> Response<Body> {
        respond(is_xml(request), self.abort_upload(request, upload).await)
    }

    async fn abort_upload(&self, request: &Request, upload: &str) -> Result<AbortResponse, Problem> {
        let key = session_key(request, &self.config.access, upload)?;
        // A session that is completing or completed does not change: Uppy 3 to 5 send DELETE after any error.
        self.multipart().abort(&key).await?;
        Ok(AbortResponse {})
    }
}

fn is_xml(request: &Request) -> bool {
    wants_xml(&query(request.uri().query().unwrap_or_default()))
}

#[cfg(test)]
mod tests;
