//! `POST /s3/multipart` for Uppy: the same session as `POST /uploads/multipart`, with Companion's request and response
//! format, or with S3's for clients that speak S3.

use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::{Body, Request, Response};
use lambda_http_kit::http::{Problem, caller, parse_body};
use lambda_http_kit::uppy::{CreateResponse, Created, UppyFile, query, respond, wants_xml};
use policy::parts::PartPlan;

use super::{Bucket, Deps, Table};

impl<R: Table, O: Bucket> Deps<R, O> {
    /// Creates a multipart upload in the class that the path names. A query with `xml` gets S3's XML as the answer.
    pub(super) async fn create_for_uppy(&self, request: &Request, class: Option<String>) -> Response<Body> {
        let pairs = query(request.uri().query().unwrap_or_default());
        let xml = wants_xml(&pairs);
        let created = match read_file(request, &pairs, xml) {
            Ok(file) => self.create_for_file(request, file, class).await,
            Err(problem) => Err(problem),
        };
        respond(xml, created)
    }

    async fn create_for_file(
        &self,
        request: &Request,
        file: UppyFile,
        class: Option<String>,
    ) -> Result<CreateResponse, Problem> {
        let policy = &self.config.policy;
        let owner = caller(request, &self.config.access)?;
        let upload = file.into_upload_request(owner, class, policy)?;
        let mut reviewed = policy.review_multipart(upload, None)?;
        if let PartPlan::Sized { size, part_size, .. } = reviewed.plan {
            // Uppy chooses its own part size: a declared size limits the whole upload, but determines no part.
            reviewed.plan = PartPlan::unsized_up_to(size, part_size, policy.store);
        }
        reviewed.grant.encode_for_multipart()?;
        let id = self.env.upload_id();
        let session = self.open_session(id, reviewed).await?;
        let bucket = self.config.bucket.clone();
        Ok(CreateResponse { key: session.key.to_string(), upload_id: id.to_string(), bucket })
    }
}

/// Reads the file from Companion's JSON body. S3 clients send no body: `POST /s3/sign` put the file into the query.
fn read_file(request: &Request, pairs: &[(String, String)], xml: bool) -> Result<UppyFile, Problem> {
    if xml {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok(UppyFile::from_query(pairs).with_default_type(content_type))
    } else {
        UppyFile::from_body(parse_body::<Created>(request)?)
    }
}

#[cfg(test)]
mod tests;
