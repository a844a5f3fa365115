//! Presigns a short-lived URL to the version that was accepted.

use std::time::Duration;

use content_sniff::MediaType;
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};
use lambda_http_kit::http::{Code, Problem, caller, json};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use policy::clean_name::clean_name;
use policy::upload::{Outcome, ValidatedUpload};
use policy::verdict::{is_harmless, served_type};
use s3_presigner::{Request as UnsignedRequest, expiry};

use crate::{Bucket, Deps, Found, Table, not_received, object_key, wire};

/// Long enough to start a download, too short to share the URL.
const URL_LIFE: Duration = Duration::from_mins(5);

/// Everything but RFC 8187's `attr-char`. A quote, line end or semicolon in a file name can't end the parameter.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl<R: Table, O: Bucket> Deps<R, O> {
    pub(crate) async fn content(&self, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
        let key = object_key(caller(request, &self.config.access)?, id)?;
        let query = request.query_string_parameters();
        let inline = match query.first("disposition") {
            None | Some("attachment") => false,
            Some("inline") => true,
            Some(_) => {
                return Err(Problem::new(Code::InvalidParameter, "disposition must be inline or attachment"));
            }
        };
        let validated = match self.find(&key).await? {
            Found::Validated(validated) => validated,
            Found::Arrived(_) => {
                let detail = "the upload is still being validated: try again in a second";
                return Err(Problem::new(Code::StillValidating, detail));
            }
            Found::Uploading(_) => return Err(not_received()),
        };
        if validated.outcome == Outcome::Rejected {
            let detail = "the upload was rejected: GET /uploads/{id} lists the reasons";
            return Err(Problem::new(Code::NotAccepted, detail));
        }
        if inline && !self.serves_inline(&validated) {
            let detail = "inline needs a type that the class lists as inline, and no findings: request an attachment";
            return Err(Problem::new(Code::InlineNotAllowed, detail));
        }
        let content = self.sign(&validated, inline);
        Ok(match query.first("redirect") {
            Some("1") => redirect(&content),
            _ => json(StatusCode::OK, &content),
        })
    }

    fn serves_inline(&self, validated: &ValidatedUpload) -> bool {
        let class = validated.granted.as_ref().and_then(|granted| self.config.policy.classes.get(&granted.class));
        let Ok(observed) = MediaType::parse(&validated.content_type) else { return false };
        let granted = granted_type(validated);
        let is_harmless =
            validated.findings.iter().all(|note| is_harmless(&note.code, granted, &validated.content_type));
        is_harmless && class.is_some_and(|class| class.serves_inline(&observed))
    }

    fn sign(&self, validated: &ValidatedUpload, inline: bool) -> wire::ContentResponse {
        let now = (self.env.now)();
        let name = validated.granted.as_ref().map_or("download", |granted| granted.filename.as_str());
        let served_type = served_type(granted_type(validated), &validated.content_type);
        let name = clean_name(name, served_type);
        let name = utf8_percent_encode(&name, ATTR_CHAR);
        let disposition = if inline { "inline" } else { "attachment" };
        let query = [
            ("response-cache-control", "private, no-store".to_owned()),
            ("response-content-disposition", format!("{disposition}; filename*=UTF-8''{name}")),
            ("response-content-type", served_type.to_owned()),
            ("versionId", validated.version.clone()),
        ];
        let (endpoint, key) = (&self.config.endpoint, validated.key.to_string());
        let unsigned = UnsignedRequest { method: "GET", endpoint, key: &key, headers: &[], query: &query };
        let url = self.config.signers.at(now).presign(&unsigned, URL_LIFE);
        wire::ContentResponse { url, expires_at: expiry(now, URL_LIFE) }
    }
}

/// The granted type, without parameters.
fn granted_type(validated: &ValidatedUpload) -> &str {
    let granted =
        validated.granted.as_ref().map_or("application/octet-stream", |granted| granted.content_type.as_str());
    granted.split(';').next().unwrap_or_default().trim_end()
}

fn redirect(content: &wire::ContentResponse) -> Response<Body> {
    let mut response = json(StatusCode::TEMPORARY_REDIRECT, content);
    let location = HeaderValue::from_str(&content.url).expect("a presigned URL is percent-encoded ASCII");
    response.headers_mut().insert(header::LOCATION, location);
    response
}
