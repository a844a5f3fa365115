//! `GET /s3/params` for Uppy: the same grant as `POST /uploads`, asked for and answered as Companion would.

use std::collections::BTreeMap;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use shared::http::{Problem, caller, json};
use shared::uppy::{Asked, query};

use super::{Deps, sign, wire};

/// The answer. Version 6 wants `fields.key` and takes forms only; versions 4 and 5 take PUT as well.
#[derive(Serialize)]
struct Params {
    method: &'static str,
    url: String,
    fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<&'static str, String>>,
    /// Seconds from now.
    expires: u64,
}

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
    Ok(json(StatusCode::OK, &Params::new(ticket, reviewed.url_life.as_secs())))
}

impl Params {
    fn new(ticket: wire::Ticket, expires: u64) -> Self {
        let mut headers = ticket.headers;
        // Scripts may not set it; browsers send the true one, which is the one that was signed or none that passes.
        if let Some(headers) = &mut headers {
            headers.remove("content-length");
        }
        Self { method: ticket.method, url: ticket.url, fields: ticket.fields.unwrap_or_default(), headers, expires }
    }
}
