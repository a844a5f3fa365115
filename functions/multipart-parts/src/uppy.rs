//! Uppy's `GET /s3/multipart/{uploadId}`, `…/{partNumber}` and `…/batch`, and `POST /s3/sign` for version 6.

use lambda_http::http::{StatusCode, header};
use lambda_http::{Body, Request, Response};
use lambda_http_kit::http::{Code, Problem, caller, json, parse_body, session_key, sign_parts};
use lambda_http_kit::presigned_upload::UploadToSign;
use lambda_http_kit::uppy::{
    ApiRequest, ListedPart, Operation, Params, PartList, Route, SignBody, Signed, SignedBatch, SignedPart, ToSign,
    UppyFile, query, respond, wants_xml,
};
use policy::Transport;
use policy::key::OwnerId;
use policy::parts::{PartNumber, PartPlan};
use uploads_core::ports::sessions::Sessions;

use super::{Bucket, Deps, no_such_route};

impl<R: Sessions, O: Bucket> Deps<R, O> {
    /// Answers those of Uppy's operations that sign or list parts.
    pub(super) async fn answer_uppy(&self, request: &Request, route: &Route) -> Result<Response<Body>, Problem> {
        match &route.operation {
            Operation::List(session_id) => {
                let pairs = query(request.uri().query().unwrap_or_default());
                Ok(respond(wants_xml(&pairs), self.list_for_uppy(request, session_id).await))
            }
            Operation::SignPart(session_id, number) => {
                Ok(json(StatusCode::OK, &self.sign_part(request, session_id, number).await?))
            }
            Operation::SignBatch(session_id) => Ok(json(StatusCode::OK, &self.sign_batch(request, session_id).await?)),
            Operation::Sign => Ok(json(StatusCode::OK, &self.sign_request(request, route).await?)),
            Operation::Params | Operation::Create | Operation::Complete(_) | Operation::Abort(_) => {
                Err(no_such_route())
            }
        }
    }

    async fn list_for_uppy(&self, request: &Request, session_id: &str) -> Result<PartList, Problem> {
        let key = session_key(request, &self.config.access, session_id)?;
        let listing = self.multipart().list(&key).await?;
        let parts = listing.parts.iter().map(|part| ListedPart {
            part_number: part.number.get(),
            etag: part.etag.to_string(),
            size: part.size.bytes(),
        });
        Ok(PartList { parts: parts.collect() })
    }

    async fn sign_part(&self, request: &Request, session_id: &str, number: &str) -> Result<SignedPart, Problem> {
        let (urls, expires) = self.sign_numbers(request, session_id, &[parse_number(number)?]).await?;
        let (_, url) = urls.into_iter().next().expect("a page has room for at least one part");
        Ok(SignedPart { url, expires })
    }

    async fn sign_batch(&self, request: &Request, session_id: &str) -> Result<SignedBatch, Problem> {
        let pairs = query(request.uri().query().unwrap_or_default());
        let list = pairs.iter().find(|(name, _)| name == "partNumbers").map_or("", |(_, list)| list.as_str());
        let numbers: Vec<PartNumber> = list.split(',').map(parse_number).collect::<Result<_, _>>()?;
        let (urls, _) = self.sign_numbers(request, session_id, &numbers).await?;
        Ok(SignedBatch { presigned_urls: urls.into_iter().collect() })
    }

    /// Signs the parts `numbers`. Returns each number with its URL, and the lifetime of the URLs in seconds.
    async fn sign_numbers(
        &self,
        request: &Request,
        session_id: &str,
        numbers: &[PartNumber],
    ) -> Result<(Vec<(u32, String)>, u64), Problem> {
        let key = session_key(request, &self.config.access, session_id)?;
        let session = self.multipart().for_signing(&key).await?;
        if let PartPlan::Unsized { limit, last, .. } = session.plan
            && numbers.iter().any(|number| *number > last)
        {
            // Version 6 does not abort the upload after this refusal, so abort it here. It sends one part at a time:
            // all parts up to the limit are in S3 by then. Version 5 aborts by itself, and sends parts in parallel. If
            // those failed because of an abort here, their errors would hide this one.
            let stored = self.multipart().list(&key).await.map_or(0, |listing| listing.parts.len());
            if u32::try_from(stored).is_ok_and(|stored| stored >= last.get()) {
                self.multipart().abort(&key).await?;
            }
            return Err(Problem::above(limit));
        }
        let parts = numbers.iter().map(|number| (*number, None));
        let page = sign_parts(&self.config, &session, parts, (self.env.now)())?;
        let urls = page.parts.into_iter().map(|part| (part.part_number, part.url));
        Ok((urls.collect(), session.terms.url_life.as_secs()))
    }

    /// `POST /s3/sign`: signs what goes to S3. Every other request gets a URL of this API.
    async fn sign_request(&self, request: &Request, route: &Route) -> Result<Signed, Problem> {
        // Before the body is read: an unauthenticated caller gets 401 whatever the body is.
        let owner = caller(request, &self.config.access)?;
        let api_request = match parse_body::<SignBody>(request)?.read()? {
            ToSign::Whole(file) => return self.sign_file(file, owner, route.class.clone()).map(Signed::whole),
            ToSign::Part(session_id, number) => {
                let signed = self.sign_part(request, &session_id, &number.to_string()).await?;
                return Ok(Signed::part(signed.url));
            }
            ToSign::Creation(file) => {
                let creation = ApiRequest::creation(&file);
                self.check_creation(file, owner, route.class.clone())?;
                creation
            }
            ToSign::ApiRequest(api_request) => api_request,
        };
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let scheme = header("x-forwarded-proto").unwrap_or(self.config.endpoint.scheme());
        let host = header(header::HOST.as_str()).unwrap_or_default();
        // A proxy that serves the API below a path says so. The URL goes back to the sender of the header alone.
        let prefix = header("x-forwarded-prefix").unwrap_or_default().trim_end_matches('/');
        let origin = format!("{scheme}://{host}{prefix}");
        Ok(api_request.sign(&origin, route, header(header::AUTHORIZATION.as_str())))
    }

    /// Refuses what `POST /s3/multipart` would refuse. The page can show the detail of this refusal; of a later one,
    /// Uppy shows only the code.
    fn check_creation(&self, file: UppyFile, owner: OwnerId, class: Option<String>) -> Result<(), Problem> {
        let (policy, has_type) = (&self.config.policy, file.has_type());
        let upload = file.into_upload_request(owner, class, policy)?;
        match policy.review_multipart(upload, None) {
            Ok(reviewed) if has_type => Ok(reviewed.grant.encode_for_multipart().map(drop)?),
            Ok(_) => Ok(()),
            // Uppy sends the type with the creation. Until then, the type is a guess from the file name.
            Err(refusal) if !has_type && refusal.depends_on_type() => Ok(()),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Signs a POST form: only a form can limit the size of a file whose size is unknown.
    fn sign_file(&self, file: UppyFile, owner: OwnerId, class: Option<String>) -> Result<Params, Problem> {
        let (config, now) = (&self.config, (self.env.now)());
        let upload = file.into_upload_request(owner, class, &config.policy)?;
        let reviewed = &config.policy.review(upload, Transport::Post)?;
        let (id, encoded_grant) = (self.env.upload_id(), reviewed.grant.encode()?);
        let (bucket, endpoint) = (&config.bucket, &config.endpoint);
        let unsigned = UploadToSign { id, reviewed, encoded_grant, transport: Transport::Post, bucket, endpoint };
        let presigned = unsigned.sign(&config.signers.at(now), now);
        tracing::info!(upload = %id, class = reviewed.grant.class, "granted");
        Ok(Params::new(presigned, reviewed.url_life))
    }
}

/// Reads a part number. The problem has status 400, as Companion's has.
fn parse_number(text: &str) -> Result<PartNumber, Problem> {
    let invalid = || {
        let detail = format!("{text:?} is not a part number: send a whole number from 1");
        Problem::new(Code::InvalidParameter, detail)
    };
    text.trim().parse().ok().and_then(PartNumber::new).ok_or_else(invalid)
}

#[cfg(test)]
mod tests;
