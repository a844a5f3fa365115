//! `POST /s3/multipart` for Uppy: the same session as `POST /uploads/multipart`, asked for and answered as Companion
//! would, or as S3 would.

use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::{Body, Request, Response};
use shared::http::{Problem, caller, parse_body};
use shared::key::ObjectKey;
use shared::multipart::Multipart;
use shared::objects::Objects;
use shared::objects::multipart::MultipartUploads;
use shared::parts::PartPlan;
use shared::records::sessions::Sessions;
use shared::session::Session;
use shared::uppy::{Asked, Created, Opened, answer, query, wants_xml};

use super::Deps;

/// A new session, below whatever class the path names.
pub(super) async fn create<R: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<R, M>,
    request: &Request,
    class: Option<String>,
) -> Response<Body> {
    let pairs = query(request.uri().query().unwrap_or_default());
    let xml = wants_xml(&pairs);
    let opened = match asked(request, &pairs, xml) {
        Ok(asked) => open(deps, request, asked, class).await,
        Err(problem) => Err(problem),
    };
    answer(xml, opened)
}

/// An S3 client says nothing in a body; what the page knows came into the query when it was signed.
fn asked(request: &Request, pairs: &[(String, String)], xml: bool) -> Result<Asked, Problem> {
    if xml {
        let sent = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok(Asked::from_query(pairs).or_type(sent))
    } else {
        Asked::from_body(parse_body::<Created>(request)?)
    }
}

async fn open<R: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<R, M>,
    request: &Request,
    asked: Asked,
    class: Option<String>,
) -> Result<Opened, Problem> {
    let config = &deps.config;
    let owner = caller(request, &config.access)?;
    let wish = asked.into_wish(owner.clone(), class, &config.policy)?;
    let mut reviewed = config.policy.review_parts(wish, None)?;
    if let PartPlan::Sized { size, part_size, .. } = reviewed.plan {
        // The client cuts as it likes: what is known of the size bounds the whole, and plans no part.
        reviewed.plan = PartPlan::unsized_up_to(size, part_size, config.policy.store);
    }
    reviewed.grant.encode_for_parts()?;
    let id = deps.ambient.upload_id();
    let key = ObjectKey::new(owner, id);
    let session = Session::new(key, reviewed.grant, reviewed.plan, reviewed.terms, (deps.ambient.now)());
    let multipart = Multipart { sessions: &deps.records, store: &deps.store, now: deps.ambient.now };
    let session = multipart.open(session, reviewed.unsized_sessions).await?;
    tracing::info!(upload = %id, class = session.grant.class, "begun");
    Ok(Opened { key: session.key.to_string(), upload_id: id.to_string(), bucket: config.bucket.clone() })
}

#[cfg(test)]
mod tests;
