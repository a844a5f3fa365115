//! Completes an upload in parts, or gives it up.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `POST /uploads/multipart/{sessionId}/complete`, `DELETE /uploads/multipart/{sessionId}`; for Uppy
//!   `POST /s3/multipart/{uploadId}/complete` and `DELETE /s3/multipart/{uploadId}`, also below `/{class}`
//! - **Environment**: `BUCKET`, `TABLE`, `COMPLETIONS_URL`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`
//! - **IAM**: `dynamodb:UpdateItem` for the lease, `dynamodb:GetItem` and `dynamodb:PutItem` for what comes of it;
//!   `s3:PutObject` to complete, or to begin anew what S3 has lost; `s3:ListMultipartUploadParts`,
//!   `s3:ListBucketMultipartUploads` and `s3:AbortMultipartUpload` to give up and to see that nothing is left;
//!   `s3:GetObject` and `s3:ListBucket` to see what came of an answer that was lost; `sqs:SendMessage` to hand over what
//!   takes longer than a request

mod uppy;
mod wire;

use std::convert::Infallible;
use std::time::Duration;

use lambda_http::http::{HeaderValue, Method, StatusCode, header};
use lambda_http::{Body, Request, Response};
use shared::ambient::Ambient;
use shared::config::Config;
use shared::http::{Code, Problem, json, parse_body, session_key};
use shared::key::{ObjectKey, hex};
use shared::multipart::{Closing, Completion, HandOver, Multipart, SessionProblem, Wanted};
use shared::objects::Objects;
use shared::objects::multipart::MultipartUploads;
use shared::queue::Queue;
use shared::records::sessions::Sessions;
use shared::session::Session;
use shared::uppy::{Route, refused};
use tokio::time::Instant;

/// What completing needs.
pub struct Deps<S, M, Q> {
    /// Bucket, credentials, policy, access.
    pub config: Config,
    /// The table.
    pub sessions: S,
    /// The bucket.
    pub store: M,
    /// Where completions go that take long.
    pub completions: Q,
    /// Clock and randomness.
    pub ambient: Ambient,
}

impl<S, M, Q> Deps<S, M, Q> {
    fn multipart(&self) -> Multipart<'_, S, M> {
        Multipart { sessions: &self.sessions, store: &self.store, now: self.ambient.now }
    }
}

/// How long a caller waits: API Gateway gives up after 30 seconds
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>, read 2026-11), and the answer has to
/// get there.
const PATIENCE: Duration = Duration::from_secs(24);

/// In how many seconds a caller should ask again.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("5");

/// Answers one request; there is always an answer.
///
/// # Errors
/// Never.
pub async fn handle<S: Sessions, M: MultipartUploads + Objects, Q: Queue>(
    deps: &Deps<S, M, Q>,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let answer = match (request.method(), segments.as_slice()) {
        (&Method::POST, ["uploads", "multipart", session, "complete"]) => complete(deps, &request, session).await,
        (&Method::DELETE, ["uploads", "multipart", session]) => abort(deps, &request, session).await,
        _ => match Route::parse(request.method().as_str(), path) {
            Some(route) => uppy::handle(deps, &request, &route).await.map_or_else(no_such_route, Ok),
            None => no_such_route(),
        },
    };
    Ok(answer.unwrap_or_else(|problem| refused(path, problem)))
}

fn no_such_route() -> Result<Response<Body>, Problem> {
    Err(Problem::new(Code::NoSuchRoute, "this function completes uploads in parts, or gives them up"))
}

async fn complete<S: Sessions, M: MultipartUploads + Objects, Q: Queue>(
    deps: &Deps<S, M, Q>,
    request: &Request,
    session: &str,
) -> Result<Response<Body>, Problem> {
    let key = session_key(request, &deps.config.access, session)?;
    let wanted = if request.body().is_empty() { wire::Wanted::default() } else { parse_body(request)? };
    match finish(deps, &key, &wanted.into_parts()?).await? {
        Some(session) => Ok(json(StatusCode::OK, &wire::Completed::new(&session, &deps.config.bucket))),
        None => Ok(later(&key)),
    }
}

/// The complete session; `None` where S3 is still at it when the caller can't wait any longer.
async fn finish<S: Sessions, M: MultipartUploads + Objects, Q: Queue>(
    deps: &Deps<S, M, Q>,
    key: &ObjectKey,
    wanted: &Wanted,
) -> Result<Option<Session>, SessionProblem> {
    let holder = hex(&(deps.ambient.random)());
    let (store, patience) = (deps.config.policy.store, Instant::now() + PATIENCE);
    match deps.multipart().complete(key, wanted, &holder, store, patience).await? {
        Completion::Done(session) => Ok(Some(session)),
        Completion::Busy(_) => Ok(None),
        Completion::Slow(_) => {
            let message = HandOver { key: key.clone(), holder }.write();
            match deps.completions.send(&message).await {
                Ok(()) => tracing::info!(upload = %key.id(), "handed over"),
                // The lease runs out, and then the next request or the reconciler takes over.
                Err(error) => tracing::error!(upload = %key.id(), %error, "not handed over"),
            }
            Ok(None)
        }
    }
}

/// 202: S3 is still at it.
fn later(key: &ObjectKey) -> Response<Body> {
    let mut response = json(StatusCode::ACCEPTED, &wire::Standing::new(key, "completing"));
    response.headers_mut().insert(header::RETRY_AFTER, ASK_AGAIN);
    response
}

async fn abort<S: Sessions, M: MultipartUploads + Objects, Q>(
    deps: &Deps<S, M, Q>,
    request: &Request,
    session: &str,
) -> Result<Response<Body>, Problem> {
    let key = session_key(request, &deps.config.access, session)?;
    let session = match deps.multipart().abort(&key).await? {
        Closing::Closed(session) | Closing::Stands(session) => session,
    };
    Ok(json(StatusCode::OK, &wire::Standing::new(&key, session.state.word())))
}

#[cfg(test)]
mod tests;
