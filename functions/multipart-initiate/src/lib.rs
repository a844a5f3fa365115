//! Begins an upload in parts.
//!
//! (`lib.rs` is what cargo-lambda's template calls `http_handler.rs`.)
//!
//! - **Routes**: `POST /uploads/multipart`; for Uppy `POST /s3/multipart`, also below `/{class}`
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`, `OWNER_CLAIM`, `OPEN_MODE`
//! - **IAM**: `dynamodb:PutItem` for the session and idempotency keys, `dynamodb:UpdateItem` to count sessions without a
//!   declared size; `s3:PutObject` to begin the upload and because the part URLs act with these rights,
//!   `s3:AbortMultipartUpload`, `s3:ListMultipartUploadParts` and `s3:ListBucketMultipartUploads` for one that comes
//!   second, or is one too many
//!
//! The table learns of the intent before S3 is asked, so that nothing is begun that nobody knows of.

mod uppy;
mod wire;

use std::convert::Infallible;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use shared::ambient::Ambient;
use shared::config::Config;
use shared::http::{Code, PartUrls, Problem, caller, idempotent_id, json, parse_body, sign_parts};
use shared::key::ObjectKey;
use shared::multipart::Multipart;
use shared::objects::Objects;
use shared::objects::multipart::MultipartUploads;
use shared::parts::{PartNumber, PartPlan};
use shared::records::Answers;
use shared::records::sessions::Sessions;
use shared::session::Session;
use shared::uppy::{Operation, Route, refused};

/// What beginning needs.
pub struct Deps<R, M> {
    /// Bucket, credentials, policy, access.
    pub config: Config,
    /// The table.
    pub records: R,
    /// The bucket.
    pub store: M,
    /// Clock and randomness.
    pub ambient: Ambient,
}

/// How many URLs come with the first answer: enough to begin with, and few enough not to be waited for.
const FIRST_PAGE: u32 = 100;

/// Answers one request; there is always an answer.
///
/// # Errors
/// Never.
pub async fn handle<R: Sessions + Answers, M: MultipartUploads + Objects>(
    deps: &Deps<R, M>,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path();
    let answer = match (request.method(), path.trim_end_matches('/')) {
        (&Method::POST, "/uploads/multipart") => initiate(deps, &request).await,
        (method, path) => match Route::parse(method.as_str(), path) {
            Some(Route { class, operation: Operation::Create }) => Ok(uppy::create(deps, &request, class).await),
            Some(_) | None => {
                Err(Problem::new(Code::NoSuchRoute, "this function begins uploads in parts: POST /uploads/multipart"))
            }
        },
    };
    Ok(answer.unwrap_or_else(|problem| refused(path, problem)))
}

async fn initiate<R: Sessions + Answers, M: MultipartUploads + Objects>(
    deps: &Deps<R, M>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let owner = caller(request, &deps.config.access)?;
    let (wish, part_checksum) = parse_body::<wire::Wanted>(request)?.into_wish(owner.clone())?;
    let reviewed = deps.config.policy.review_parts(wish, part_checksum)?;
    // Before the idempotency key is spent: a refused body must leave nothing that would refuse its correction.
    reviewed.grant.encode_for_parts()?;
    let id = idempotent_id(&deps.records, &deps.ambient, request, &owner, "multipart").await?;
    let now = (deps.ambient.now)();
    let key = ObjectKey::new(owner, id);
    let session = Session::new(key, reviewed.grant, reviewed.plan, reviewed.terms, now);
    let multipart = Multipart { sessions: &deps.records, store: &deps.store, now: deps.ambient.now };
    let session = multipart.open(session, reviewed.unsized_sessions).await?;
    let page = first_page(deps, &session)?;
    tracing::info!(upload = %id, class = session.grant.class, parts = session.plan.last().get(), "begun");
    Ok(json(StatusCode::CREATED, &wire::Begun::new(&session, page)))
}

/// The URLs to begin with; none where each needs a checksum first.
fn first_page<R, M>(deps: &Deps<R, M>, session: &Session) -> Result<PartUrls, Problem> {
    let last = session.plan.last();
    let count = if session.terms.part_checksum.is_some() { 0 } else { last.get().min(FIRST_PAGE) };
    let wanted = (1..=count).filter_map(PartNumber::new).map(|number| (number, None));
    let mut page = sign_parts(&deps.config, session, wanted, (deps.ambient.now)())?;
    // More can be asked for; where the size is not known, nobody knows yet whether there is more.
    if let PartPlan::Sized { .. } = session.plan {
        page.next = page.next.or_else(|| (count < last.get()).then(|| count + 1));
    }
    Ok(page)
}

#[cfg(test)]
mod tests;
