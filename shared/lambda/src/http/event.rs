//! Events of API Gateway's HTTP API, as requests. `docs/decisions/0016` explains why `lambda_http` does not parse them.
//!
//! Format 2.0: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>,
//! read 2026-11.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::{HeaderName, HeaderValue, Method, Uri};
use lambda_http::{Body, Error, Request, RequestExt, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

use super::route::RouteKey;

/// Characters that API Gateway sends in paths and queries but a URI must not contain.
const NOT_IN_URI: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');

/// The claims of the caller's token, which the authorizer verified.
#[derive(Clone)]
pub(super) struct Claims(pub(super) HashMap<String, String>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    route_key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    raw_path: Cow<'a, str>,
    #[serde(borrow, default)]
    raw_query_string: Cow<'a, str>,
    #[serde(borrow, default)]
    headers: BTreeMap<Text<'a>, Text<'a>>,
    #[serde(borrow)]
    body: Option<Text<'a>>,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(borrow)]
    request_context: Context<'a>,
}

/// Text that is borrowed unless it has escapes. Without this type serde would copy keys and values of maps.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Context<'a> {
    #[serde(borrow)]
    http: Http<'a>,
    authorizer: Option<Authorizer>,
}

#[derive(Deserialize)]
struct Http<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Authorizer {
    jwt: Option<Jwt>,
}

#[derive(Deserialize)]
struct Jwt {
    claims: HashMap<String, String>,
}

/// The request in an event, with its claims and its route key.
///
/// # Errors
/// For JSON that is not an event of an HTTP API.
pub fn request(event: &str) -> Result<Request, Error> {
    let event: Event<'_> = serde_json::from_str(event)?;
    let mut request = Request::new(body(event.body, event.is_base64_encoded)?);
    *request.method_mut() = Method::from_bytes(event.request_context.http.method.as_bytes())?;
    *request.uri_mut() = uri(&event.raw_path, &event.raw_query_string)?;
    for (Text(name), Text(value)) in event.headers {
        request.headers_mut().insert(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(&value)?);
    }
    if let Some(key) = event.route_key {
        request.extensions_mut().insert(RouteKey(key.into_owned()));
    }
    if let Some(jwt) = event.request_context.authorizer.and_then(|authorizer| authorizer.jwt) {
        request.extensions_mut().insert(Claims(jwt.claims));
    }
    if event.raw_query_string.is_empty() {
        return Ok(request);
    }
    let Ok(query) = event.raw_query_string.parse::<QueryMap>();
    Ok(request.with_query_string_parameters(query))
}

fn body(text: Option<Text<'_>>, is_base64: bool) -> Result<Body, Error> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    Ok(match text {
        None => Body::Empty,
        Some(Text(text)) if is_base64 => Body::Binary(BASE64_STANDARD.decode(text.as_bytes())?),
        Some(Text(text)) => Body::Text(text.into_owned()),
    })
}

fn uri(path: &str, query: &str) -> Result<Uri, Error> {
    let mut uri = String::with_capacity(path.len() + query.len() + 1);
    uri.extend(utf8_percent_encode(path, NOT_IN_URI));
    if !query.is_empty() {
        uri.push('?');
        uri.extend(utf8_percent_encode(query, NOT_IN_URI));
    }
    Ok(uri.try_into()?)
}

/// The response in the format of API Gateway.
pub(crate) fn to_gateway(response: Response<Body>) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut output = ApiGatewayV2httpResponse::default();
    output.status_code = parts.status.as_u16().into();
    output.headers = parts.headers;
    output.is_base64_encoded = matches!(body, Body::Binary(_));
    output.body = Some(body).filter(|body| !matches!(body, Body::Empty));
    output
}

#[cfg(test)]
mod tests;
