//! Signs parts, page by page, and lists what has arrived.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `POST /uploads/multipart/{sessionId}/parts`, `GET /uploads/multipart/{sessionId}/parts`; for Uppy
//!   `GET /s3/multipart/{uploadId}`, `GET /s3/multipart/{uploadId}/{partNumber}` (`batch` for several) and `POST /s3/sign`,
//!   also below `/{class}`
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`
//! - **IAM**: `dynamodb:GetItem` for the session, `dynamodb:PutItem` to prolong or heal it, `dynamodb:UpdateItem` to count
//!   one that is over no more; `s3:PutObject` because the part URLs act with this right, and to begin anew what S3 has
//!   lost; `s3:ListMultipartUploadParts`; `s3:GetObject` and `s3:ListBucket` to see that an upload is lost because it is
//!   complete; `s3:AbortMultipartUpload` for one that comes second or is above its limit

mod uppy;
mod wire;

use std::convert::Infallible;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use shared::ambient::Ambient;
use shared::config::Config;
use shared::http::{Code, Problem, json, parse_body, session_key, sign_parts};
use shared::multipart::Multipart;
use shared::objects::Objects;
use shared::objects::multipart::MultipartUploads;
use shared::records::sessions::Sessions;
use shared::uppy::{Route, refused};

/// What signing and listing need.
pub struct Deps<S, M> {
    /// Bucket, credentials, policy, access.
    pub config: Config,
    /// The table.
    pub sessions: S,
    /// The bucket.
    pub store: M,
    /// The clock.
    pub ambient: Ambient,
}

impl<S, M> Deps<S, M> {
    fn multipart(&self) -> Multipart<'_, S, M> {
        Multipart { sessions: &self.sessions, store: &self.store, now: self.ambient.now }
    }
}

/// Answers one request; there is always an answer.
///
/// # Errors
/// Never.
pub async fn handle<S: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<S, M>,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let answer = match (request.method(), segments.as_slice()) {
        (&Method::POST, ["uploads", "multipart", session, "parts"]) => sign(deps, &request, session).await,
        (&Method::GET, ["uploads", "multipart", session, "parts"]) => list(deps, &request, session).await,
        _ => match Route::parse(request.method().as_str(), path) {
            Some(route) => uppy::handle(deps, &request, &route).await.unwrap_or_else(no_such_route),
            None => no_such_route(),
        },
    };
    Ok(answer.unwrap_or_else(|problem| refused(path, problem)))
}

fn no_such_route() -> Result<Response<Body>, Problem> {
    Err(Problem::new(Code::NoSuchRoute, "this function signs and lists the parts of a session"))
}

async fn sign<S: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<S, M>,
    request: &Request,
    session: &str,
) -> Result<Response<Body>, Problem> {
    let key = session_key(request, &deps.config.access, session)?;
    let wanted = parse_body::<wire::Wanted>(request)?;
    let multipart = deps.multipart();
    let session = multipart.for_signing(&key).await?;
    let wanted = wanted.into_parts(&session)?;
    let page = sign_parts(&deps.config, &session, wanted, (deps.ambient.now)())?;
    tracing::info!(upload = %key.id(), parts = page.parts.len(), "signed");
    Ok(json(StatusCode::OK, &page))
}

async fn list<S: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<S, M>,
    request: &Request,
    session: &str,
) -> Result<Response<Body>, Problem> {
    let key = session_key(request, &deps.config.access, session)?;
    let listing = deps.multipart().list(&key).await?;
    Ok(json(StatusCode::OK, &wire::Stored::from(&listing)))
}

#[cfg(test)]
mod tests;
