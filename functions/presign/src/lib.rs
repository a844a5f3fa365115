//! Grants one client the right to upload one object, for a short time.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `POST /uploads`, `GET /policy`; for Uppy `GET /s3/params`, also below `/{class}`
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`
//! - **IAM**: `s3:PutObject` on the bucket's objects, because a presigned request acts with the signer's rights;
//!   `dynamodb:PutItem` on the table, for requests with an `Idempotency-Key` only
//!
//! Without that header a grant makes no network call at all.

mod uppy;
mod wire;

use std::convert::Infallible;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, RequestExt, Response};
use shared::ambient::Ambient;
use shared::config::Config;
use shared::http::{Code, Problem, caller, idempotent_id, json, parse_body};
use shared::key::UploadId;
use shared::policy::{Refusal, Reviewed, Transport};
use shared::records::Answers;
use shared::signing::ticket::{Ticket, Unsigned};
use shared::uppy::{Operation, Route, refused};

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
        (method, path) => match Route::parse(method.as_str(), path) {
            Some(Route { class, operation: Operation::Params }) => uppy::params(deps, &request, class),
            Some(_) | None => Err(Problem::new(Code::NoSuchRoute, "this function grants uploads: POST /uploads")),
        },
    };
    Ok(answer.unwrap_or_else(|problem| refused(path, problem)))
}

async fn presign<A: Answers>(deps: &Deps<A>, request: &Request) -> Result<Response<Body>, Problem> {
    let owner = caller(request, &deps.config.access)?;
    let (wish, transport) = parse_body::<wire::Wanted>(request)?.into_wish(owner.clone())?;
    let reviewed = deps.config.policy.review(wish, transport)?;
    // Before the idempotency key is spent: a refused body must leave nothing that would refuse its correction.
    let carried = reviewed.grant.encode()?;
    let id = idempotent_id(&deps.answers, &deps.ambient, request, &owner, "").await?;
    let ticket = sign(deps, id, &reviewed, carried, transport);
    tracing::info!(upload = %id, class = reviewed.grant.class, "granted");
    Ok(json(StatusCode::CREATED, &wire::Ticket::new(id, ticket, reviewed.multipart_recommended)))
}

fn policy<A>(deps: &Deps<A>, request: &Request) -> Result<Response<Body>, Problem> {
    caller(request, &deps.config.access)?;
    let (query, policy) = (request.query_string_parameters(), &deps.config.policy);
    let limits = match query.first("class") {
        Some(name) => wire::Limits::of(policy, name).ok_or(Refusal::UnknownClass { class: name.to_owned() })?,
        None => wire::Limits::from(policy),
    };
    Ok(json(StatusCode::OK, &limits))
}

/// Signs what was granted.
fn sign<A>(deps: &Deps<A>, id: UploadId, reviewed: &Reviewed, carried: String, transport: Transport) -> Ticket {
    let (config, now) = (&deps.config, (deps.ambient.now)());
    let unsigned = Unsigned { id, reviewed, carried, transport, bucket: &config.bucket, place: &config.place };
    config.signers.at(now).ticket(unsigned, now)
}

#[cfg(test)]
mod tests;
