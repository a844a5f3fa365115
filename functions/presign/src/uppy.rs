//! `GET /s3/params` for Uppy: the same grant as `POST /uploads`, asked for and answered as Companion would.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::http::{Problem, caller, json};
use shared::uppy::{Asked, Params, query};

use super::{Deps, sign};

/// One upload in one request, below whatever class the path names.
pub(super) fn params<A>(deps: &Deps<A>, request: &Request, class: Option<String>) -> Result<Response<Body>, Problem> {
    let config = &deps.config;
    let owner = caller(request, &config.access)?;
    let asked = Asked::from_query(&query(request.uri().query().unwrap_or_default()));
    let transport = asked.transport();
    let reviewed = config.policy.review(asked.into_wish(owner, class, &config.policy)?, transport)?;
    let carried = reviewed.grant.encode()?;
    let id = deps.ambient.upload_id();
    let ticket = sign(deps, id, &reviewed, carried, transport);
    tracing::info!(upload = %id, class = reviewed.grant.class, "granted");
    Ok(json(StatusCode::OK, &Params::new(ticket, reviewed.url_life)))
}
