//! The caller of a request, from the claims that the authorizer verified.

use lambda_http::Request;

use super::event::Claims;
use super::problem::{Code, Problem};
use crate::config::Access;
use policy::key::{ObjectKey, OwnerId, UploadId};
use uploads_core::multipart::SessionProblem;

/// The owner for whom the request acts. In an open deployment all callers are one owner.
///
/// # Errors
/// 401 without claims.
pub fn caller(request: &Request, access: &Access) -> Result<OwnerId, Problem> {
    let owner_claim = match access {
        Access::Open => return Ok(OwnerId::open()),
        Access::Claims { owner } => owner,
    };
    let unauthenticated =
        || Problem::new(Code::Unauthenticated, "the request has no verified identity: sign in and send a bearer token");
    let Claims(claims) = request.extensions().get().ok_or_else(unauthenticated)?;
    let claim = |name: &str| claims.get(name).map(String::as_str).ok_or_else(unauthenticated);
    OwnerId::from_claims(claim("iss")?, claim(owner_claim)?).map_err(|_| unauthenticated())
}

/// The object key of the caller's session with this id.
///
/// # Errors
/// 401 without claims, 404 for a text that is not an upload id.
pub fn session_key(request: &Request, access: &Access, session: &str) -> Result<ObjectKey, Problem> {
    let owner = caller(request, access)?;
    let id = UploadId::parse(session).map_err(|_| SessionProblem::NotFound)?;
    Ok(ObjectKey::new(owner, id))
}

/// The caller, for a route that an open deployment does not have.
///
/// # Errors
/// 401 without claims, 403 in an open deployment.
pub fn named_caller(request: &Request, access: &Access) -> Result<OwnerId, Problem> {
    match access {
        Access::Open => {
            Err(Problem::new(Code::OpenMode, "an open deployment has no owners, so it can't list or delete uploads"))
        }
        Access::Claims { .. } => caller(request, access),
    }
}
