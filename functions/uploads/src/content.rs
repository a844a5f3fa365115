//! Serving: a short URL to exactly the version that was accepted.

use std::time::Duration;

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::http::{Code, Problem, caller, json};
use shared::media::MediaType;
use shared::objects::Objects;
use shared::records::UploadRecords;
use shared::records::sessions::Sessions;
use shared::signing::{Request as Unsigned, expiry};
use shared::upload::{Judged, Outcome};

use crate::{Deps, Seen, look, not_received, own_key, wire};

/// How long a content URL lives: long enough to start a download, too short to share.
const LIFE: Duration = Duration::from_mins(5);

/// RFC 8187's `attr-char`, all else encoded: quotes, line ends and semicolons can't leave the parameter.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) async fn content<R: UploadRecords + Sessions, O: Objects>(
    deps: &Deps<R, O>,
    request: &Request,
    id: &str,
) -> Result<Response<Body>, Problem> {
    let key = own_key(caller(request, &deps.config.access)?, id)?;
    let query = request.query_string_parameters();
    let inline = match query.first("disposition") {
        None | Some("attachment") => false,
        Some("inline") => true,
        Some(_) => return Err(Problem::new(Code::InvalidParameter, "disposition is inline or attachment")),
    };
    let judged = match look(deps, &key).await? {
        Seen::Judged(judged) => judged,
        Seen::Arrived(_) => {
            let why = "the upload is still being checked: try again in a second";
            return Err(Problem::new(Code::StillValidating, why));
        }
        Seen::UnderWay(_) => return Err(not_received()),
    };
    if judged.outcome == Outcome::Rejected {
        return Err(Problem::new(Code::NotAccepted, "the upload was rejected: its record says why"));
    }
    if inline && !may_be_inline(deps, &judged) {
        let why = "the class does not list this type as safe to display, or the validator had remarks";
        return Err(Problem::new(Code::InlineNotAllowed, why));
    }
    let ticket = sign(deps, &judged, inline);
    Ok(match query.first("redirect") {
        Some("1") => redirect(&ticket),
        _ => json(StatusCode::OK, &ticket),
    })
}

fn may_be_inline<R, O>(deps: &Deps<R, O>, judged: &Judged) -> bool {
    let class = judged.granted.as_ref().and_then(|granted| deps.config.policy.classes.get(&granted.class));
    let Ok(observed) = MediaType::parse(&judged.content_type) else { return false };
    judged.findings.is_empty() && class.is_some_and(|class| class.serves_inline(&observed))
}

fn sign<R, O>(deps: &Deps<R, O>, judged: &Judged, inline: bool) -> wire::Content {
    let now = (deps.ambient.now)();
    let name = judged.granted.as_ref().map_or("download", |granted| granted.filename.as_str());
    let kind = if inline { "inline" } else { "attachment" };
    let query = [
        ("response-cache-control", "private, no-store".to_owned()),
        ("response-content-disposition", format!("{kind}; filename*=UTF-8''{}", utf8_percent_encode(name, ATTR_CHAR))),
        ("response-content-type", judged.content_type.clone()),
        ("versionId", judged.version.clone()),
    ];
    let key = judged.key.to_string();
    let unsigned = Unsigned { method: "GET", place: &deps.config.place, key: &key, headers: &[], query: &query };
    let url = deps.config.signers.at(now).presign(&unsigned, LIFE);
    let expires_at = expiry(now, LIFE);
    wire::Content { url, expires_at }
}

fn redirect(ticket: &wire::Content) -> Response<Body> {
    let mut response = json(StatusCode::TEMPORARY_REDIRECT, ticket);
    // A presigned URL is percent-encoded ASCII throughout.
    if let Ok(location) = HeaderValue::from_str(&ticket.url) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
