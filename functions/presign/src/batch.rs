//! `POST /uploads/batch`: grants for up to a thousand files. Each file gets its own answer.

use jiff::Timestamp;
use lambda_http::{Body, Request, Response};
use lambda_http_kit::http::{BatchResults, Code, Problem, caller, checked_batch, idempotent_id, parse_body};
use policy::Transport;
use policy::key::{OwnerId, UploadId};
use s3_presigner::Signer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uploads_core::ports::records::IdempotencyStore;

use super::{Deps, wire};

/// The body. Each entry is parsed by itself, so that one wrong file does not refuse the others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct BatchBody {
    uploads: Vec<Box<RawValue>>,
}

/// The answer to one entry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum BatchResult {
    Grant(wire::CreateResponse),
    Problem(serde_json::Value),
}

impl<R: IdempotencyStore> Deps<R> {
    /// Grants each file of the batch that the policy allows. Without an `Idempotency-Key` no call is made. With one, the
    /// ids follow from the id that the table keeps, so a repeated request gets the same ids.
    pub(super) async fn create_batch(&self, request: &Request) -> Result<Response<Body>, Problem> {
        let owner = caller(request, &self.config.access)?;
        let entries = checked_batch(parse_body::<BatchBody>(request)?.uploads, "uploads")?;
        let seed = idempotent_id(&self.records, &self.env, request, &owner, "batch").await?;
        let signer = self.signer();
        let results =
            entries.iter().zip(0_u32..).map(|(entry, n)| match self.grant_entry(entry, &owner, &signer, seed.nth(n)) {
                Ok(grant) => BatchResult::Grant(grant),
                Err(problem) => BatchResult::Problem(problem.to_json()),
            });
        let results = BatchResults::new(results);
        tracing::info!(upload = %seed, files = entries.len(), "batch granted");
        Ok(results.respond())
    }

    fn grant_entry(
        &self,
        entry: &RawValue,
        owner: &OwnerId,
        signer: &(Signer, Timestamp),
        id: UploadId,
    ) -> Result<wire::CreateResponse, Problem> {
        let body: wire::CreateBody = serde_json::from_str(entry.get())
            .map_err(|e| Problem::new(Code::InvalidBody, format!("a field is missing, unknown or invalid: {e}")))?;
        let (upload, transport) = body.into_upload_request(owner.clone())?;
        if transport == Transport::Post {
            let detail = "a batch grants PUTs only: leave `method` out, or send POST /uploads for a form";
            return Err(Problem::new(Code::InvalidBody, detail));
        }
        let reviewed = self.config.policy.review(upload, transport)?;
        let encoded_grant = reviewed.grant.encode()?;
        let presigned = self.sign(signer, id, &reviewed, encoded_grant, transport);
        Ok(wire::CreateResponse::new(id, presigned, &reviewed.grant.content_type, reviewed.multipart_recommended))
    }
}
