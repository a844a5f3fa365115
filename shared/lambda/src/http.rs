//! Answers over HTTP: the only place where refusals get a status.

mod event;
mod idempotency;
mod part_urls;
mod problem;
mod route;
mod upload_request;

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::config::Access;
pub(crate) use event::answer;
pub use event::request;
pub use idempotency::idempotent_id;
pub use part_urls::{PartToSign, PartUrl, PartUrls, sign_parts};
use policy::key::{ObjectKey, OwnerId, UploadId};
pub use problem::{Code, Problem};
pub use route::Route;
pub use upload_request::{ChecksumBody, CreateFields, SizeBody};
use uploads_core::multipart::SessionProblem;

/// An answer in JSON. Nothing we say about uploads may be kept by a cache.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    respond(status, "application/json", body)
}

fn respond(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Response<Body> {
    // Our bodies are structs of strings and numbers: they always serialise.
    let mut response = Response::new(Body::Text(serde_json::to_string(body).unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Who is calling: from the authorizer's claims, never from anything that the request itself says.
///
/// # Errors
/// 401 without claims, unless the deployment is open by name.
pub fn caller(request: &Request, access: &Access) -> Result<OwnerId, Problem> {
    let owner = match access {
        Access::Open => return Ok(OwnerId::open()),
        Access::Claims { owner } => owner,
    };
    let unauthenticated =
        || Problem::new(Code::Unauthenticated, "no identity came with the request: send a valid bearer token");
    let event::Claims(claims) = request.extensions().get().ok_or_else(unauthenticated)?;
    let claim = |name: &str| claims.get(name).map(String::as_str);
    let subject = claim(owner).ok_or_else(unauthenticated)?;
    OwnerId::from_claims(claim("iss").unwrap_or_default(), subject).map_err(|_| unauthenticated())
}

/// Where the caller's session of that id would put its object.
///
/// # Errors
/// 401 without claims, 404 for what can't be one of our ids.
pub fn session_key(request: &Request, access: &Access, session: &str) -> Result<ObjectKey, Problem> {
    let owner = caller(request, access)?;
    let id = UploadId::parse(session).map_err(|_| SessionProblem::NotFound)?;
    Ok(ObjectKey::new(owner, id))
}

/// The caller, where being nobody in particular is not enough.
///
/// # Errors
/// 401 without claims, 403 in open mode.
pub fn named_caller(request: &Request, access: &Access) -> Result<OwnerId, Problem> {
    match access {
        Access::Open => {
            Err(Problem::new(Code::OpenMode, "an open deployment knows no owners: it can't list or delete"))
        }
        Access::Claims { .. } => caller(request, access),
    }
}

/// The body, as JSON of a known shape.
///
/// # Errors
/// 400 with what is wrong and where.
pub fn parse_body<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    let bytes: &[u8] = request.body();
    // serde would read an array as the fields in their order: nobody may come to depend on that.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::new(Code::InvalidBody, "the body is an array and should be an object"));
    }
    // serde calls some fields of the wrong kind a fault of syntax: whether it is JSON, JSON decides.
    serde_json::from_slice(bytes).map_err(|e| match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(_) => Problem::new(Code::InvalidBody, format!("a field is missing, unknown or of the wrong kind: {e}")),
        Err(_) => Problem::new(Code::InvalidJson, format!("the body is not JSON: {e}")),
    })
}
