//! Grants one client the right to upload one object, for a short time.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `POST /uploads`, `GET /policy`
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`
//! - **IAM**: `s3:PutObject` on the bucket's objects, because a presigned request acts with the signer's rights;
//!   `dynamodb:PutItem` on the table, for requests with an `Idempotency-Key` only
//!
//! Without that header a grant makes no network call at all.

mod wire;

use std::convert::Infallible;

use jiff::{SignedDuration, Timestamp};
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use shared::ambient::Ambient;
use shared::config::Config;
use shared::grant::METADATA_HEADER;
use shared::http::{Code, Problem, caller, json, parse_body};
use shared::key::{ObjectKey, OwnerId, UploadId, hex_sha256};
use shared::policy::{Grant, Reviewed, SizeGrant, Transport};
use shared::records::{Answers, Remembered};
use shared::signing::Request as Unsigned;
use shared::signing::post::FormRequest;

/// What granting needs.
pub struct Deps<A> {
    /// Bucket, credentials, policy, access.
    pub config: Config,
    /// Where idempotency keys are kept.
    pub answers: A,
    /// Clock and randomness.
    pub ambient: Ambient,
}

/// Answers one request; there is always an answer.
///
/// # Errors
/// Never.
pub async fn handle<A: Answers>(deps: &Deps<A>, request: Request) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path();
    let answer = match (request.method(), path.trim_end_matches('/')) {
        (&Method::POST, "/uploads") => presign(deps, &request).await,
        (&Method::GET, "/policy") => policy(deps, &request),
        _ => Err(Problem::new(Code::NoSuchRoute, "this function grants uploads: POST /uploads")),
    };
    Ok(answer.unwrap_or_else(Problem::into_response))
}

async fn presign<A: Answers>(deps: &Deps<A>, request: &Request) -> Result<Response<Body>, Problem> {
    let owner = caller(request, &deps.config.access)?;
    let (wish, transport) = parse_body::<wire::Wanted>(request)?.into_wish(owner.clone())?;
    let reviewed = deps.config.policy.review(wish, transport)?;
    // Before the idempotency key is spent: a refused body must leave nothing that would refuse its correction.
    let carried = reviewed.grant.encode()?;
    let id = upload_id(deps, request, &owner).await?;
    let ticket = sign(deps, id, &reviewed, carried, transport);
    tracing::info!(upload = %id, class = reviewed.grant.class, "granted");
    Ok(json(StatusCode::CREATED, &ticket))
}

fn policy<A>(deps: &Deps<A>, request: &Request) -> Result<Response<Body>, Problem> {
    caller(request, &deps.config.access)?;
    Ok(json(StatusCode::OK, &wire::Limits::from(&deps.config.policy)))
}

/// A new id, or the one that the caller's idempotency key stands for.
async fn upload_id<A: Answers>(deps: &Deps<A>, request: &Request, owner: &OwnerId) -> Result<UploadId, Problem> {
    let id = deps.ambient.upload_id();
    let Some(key) = request.headers().get("idempotency-key") else { return Ok(id) };
    // Hashed: any text will do as a key, of any length, and none of it is stored.
    let (key, body) = (hex_sha256(&[key.as_bytes()]), hex_sha256(&[request.body()]));
    match deps.answers.remember(owner, &key, &body, id, (deps.ambient.now)()).await? {
        Remembered::New => Ok(id),
        Remembered::Same(first) => Ok(first),
        Remembered::Other => Err(Problem::new(
            Code::IdempotencyKeyReused,
            "this Idempotency-Key was used with another body in the last 24 hours",
        )),
    }
}

fn sign<A>(deps: &Deps<A>, id: UploadId, reviewed: &Reviewed, carried: String, transport: Transport) -> wire::Ticket {
    let config = &deps.config;
    let now = (deps.ambient.now)();
    let signer = config.signers.at(now);
    let grant = &reviewed.grant;
    let key = ObjectKey::new(grant.owner.clone(), id).to_string();
    let mut fixed = vec![("content-type", grant.content_type.to_string())];
    if let Some(checksum) = &grant.checksum {
        fixed.push((checksum.algorithm().header(), checksum.value().to_owned()));
    }
    fixed.push((METADATA_HEADER, carried));
    let expires_at = expiry(now, reviewed);
    match transport {
        Transport::Put => {
            let headers = put_headers(grant, fixed);
            let unsigned = Unsigned { method: "PUT", place: &config.place, key: &key, headers: &headers, query: &[] };
            let url = signer.presign(&unsigned, reviewed.url_life);
            wire::Ticket::put(id, url, headers, expires_at, reviewed.multipart_recommended)
        }
        Transport::Post => {
            fixed.push(("success_action_status", "201".to_owned()));
            let (min, max) = match grant.size {
                SizeGrant::Exactly(size) => (size, size),
                SizeGrant::Between { min, max } => (min, max),
            };
            let (bucket, place) = (&config.bucket, &config.place);
            let request = FormRequest { bucket, place, key: &key, fields: &fixed, min, max };
            let form = signer.form(&request, now, reviewed.url_life);
            wire::Ticket::post(id, form, expires_at, reviewed.multipart_recommended)
        }
    }
}

/// What the store will insist on: the exact length, and that nothing lies there yet.
fn put_headers(grant: &Grant, fixed: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    let mut headers = fixed;
    if let SizeGrant::Exactly(size) = grant.size {
        headers.push(("content-length", size.bytes().to_string()));
    }
    headers.push(("if-none-match", "*".to_owned()));
    headers
}

fn expiry(now: Timestamp, reviewed: &Reviewed) -> Timestamp {
    // The signature counts whole seconds from a whole second.
    let start = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let life = SignedDuration::try_from(reviewed.url_life).unwrap_or_default();
    start.checked_add(life).unwrap_or(start)
}

#[cfg(test)]
mod tests;
