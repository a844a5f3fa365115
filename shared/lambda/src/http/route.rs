//! The route of a request, from API Gateway's route key, or from method and path without one.

use std::borrow::Cow;

use lambda_http::Request;
use percent_encoding::percent_decode_str;

use crate::uppy_route::{self, Operation};

/// The route key of a request, such as `POST /uploads`, as API Gateway matched it.
#[derive(Debug, Clone)]
pub(super) struct RouteKey(pub(super) String);

/// The route of a request. Path parameters are percent-decoded and not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `POST /uploads`
    CreateUpload,
    /// `POST /uploads/batch`
    CreateBatch,
    /// `POST /uploads/status`
    GetStatuses,
    /// `GET /policy`
    GetPolicy,
    /// `GET /uploads`
    ListUploads,
    /// `GET /uploads/{id}`
    GetUpload(String),
    /// `GET /uploads/{id}/content`
    GetContent(String),
    /// `DELETE /uploads/{id}`
    DeleteUpload(String),
    /// `POST /uploads/multipart`
    CreateMultipart,
    /// `POST /uploads/multipart/{sessionId}/parts`
    SignParts(String),
    /// `GET /uploads/multipart/{sessionId}/parts`
    ListParts(String),
    /// `POST /uploads/multipart/{sessionId}/complete`
    CompleteMultipart(String),
    /// `DELETE /uploads/multipart/{sessionId}`
    AbortMultipart(String),
    /// One of Uppy's routes.
    Uppy(uppy_route::Route),
}

/// The values of a route key's `{placeholders}`, in order.
type Parameters<'a> = &'a [String];

/// A route key, and the constructor of its route.
type RouteEntry = (&'static str, fn(Parameters<'_>) -> Route);

/// The route keys of `template.yaml`. Keys without parameters come before those with parameters.
const ROUTES: &[RouteEntry] = &[
    ("POST /uploads", |_| Route::CreateUpload),
    ("POST /uploads/batch", |_| Route::CreateBatch),
    ("POST /uploads/status", |_| Route::GetStatuses),
    ("GET /policy", |_| Route::GetPolicy),
    ("GET /uploads", |_| Route::ListUploads),
    ("POST /uploads/multipart", |_| Route::CreateMultipart),
    ("POST /uploads/multipart/{sessionId}/parts", |p| Route::SignParts(first(p))),
    ("GET /uploads/multipart/{sessionId}/parts", |p| Route::ListParts(first(p))),
    ("POST /uploads/multipart/{sessionId}/complete", |p| Route::CompleteMultipart(first(p))),
    ("DELETE /uploads/multipart/{sessionId}", |p| Route::AbortMultipart(first(p))),
    ("GET /uploads/{id}", |p| Route::GetUpload(first(p))),
    ("GET /uploads/{id}/content", |p| Route::GetContent(first(p))),
    ("DELETE /uploads/{id}", |p| Route::DeleteUpload(first(p))),
    ("GET /s3/params", |_| uppy(None, Operation::Params)),
    ("GET /{class}/s3/params", |p| uppy(Some(p), Operation::Params)),
    ("POST /s3/sign", |_| uppy(None, Operation::Sign)),
    ("POST /{class}/s3/sign", |p| uppy(Some(p), Operation::Sign)),
    ("POST /s3/multipart", |_| uppy(None, Operation::Create)),
    ("POST /{class}/s3/multipart", |p| uppy(Some(p), Operation::Create)),
    ("GET /s3/multipart/{uploadId}", |p| uppy(None, Operation::List(last(p)))),
    ("GET /{class}/s3/multipart/{uploadId}", |p| uppy(Some(p), Operation::List(last(p)))),
    ("GET /s3/multipart/{uploadId}/{partNumber}", |p| uppy(None, sign_part(p))),
    ("GET /{class}/s3/multipart/{uploadId}/{partNumber}", |p| uppy(Some(p), sign_part(p))),
    ("POST /s3/multipart/{uploadId}/complete", |p| uppy(None, Operation::Complete(last(p)))),
    ("POST /{class}/s3/multipart/{uploadId}/complete", |p| uppy(Some(p), Operation::Complete(last(p)))),
    ("DELETE /s3/multipart/{uploadId}", |p| uppy(None, Operation::Abort(last(p)))),
    ("DELETE /{class}/s3/multipart/{uploadId}", |p| uppy(Some(p), Operation::Abort(last(p)))),
];

impl Route {
    /// The route of a request; `None` if no function has it.
    ///
    /// With a route key, the path may have a stage or a base path in front. Empty segments are ignored, because
    /// Uppy 6 appends `/s3/…` to a base that may end in a slash.
    #[must_use]
    pub fn of(request: &Request) -> Option<Self> {
        let (method, path) = (request.method().as_str(), request.uri().path());
        let key = request.extensions().get().map(|RouteKey(key)| key.as_str()).filter(|key| *key != "$default");
        let Some(key) = key else { return Self::parse(method, path) };
        let (_, make) = ROUTES.iter().find(|(known, _)| *known == key)?;
        let (pattern, path) = (segments(key), decoded(path));
        let path = path.get(path.len().checked_sub(pattern.len())?..)?;
        Some(make(&parameters(&pattern, path)))
    }

    /// The route of a method and a path; `None` if no function has it.
    #[must_use]
    pub fn parse(method: &str, path: &str) -> Option<Self> {
        let path = decoded(path);
        ROUTES.iter().find_map(|(key, make)| {
            let pattern = segments(key);
            let is_match = key.split(' ').next() == Some(method) && matches(&pattern, &path);
            is_match.then(|| make(&parameters(&pattern, &path)))
        })
    }
}

/// The segments of a path, percent-decoded.
fn decoded(path: &str) -> Vec<Cow<'_, str>> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy()).collect()
}

/// The segments of a route key's path.
fn segments(key: &str) -> Vec<&str> {
    let path = key.split_once(' ').map_or("", |(_, path)| path);
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

fn is_placeholder(segment: &str) -> bool {
    segment.starts_with('{')
}

fn matches(pattern: &[&str], path: &[Cow<'_, str>]) -> bool {
    pattern.len() == path.len()
        && pattern.iter().zip(path).all(|(pattern, segment)| is_placeholder(pattern) || pattern == segment)
}

fn parameters(pattern: &[&str], path: &[Cow<'_, str>]) -> Vec<String> {
    let both = pattern.iter().zip(path).filter(|(pattern, _)| is_placeholder(pattern));
    both.map(|(_, segment)| segment.clone().into_owned()).collect()
}

fn first(parameters: Parameters<'_>) -> String {
    parameters.first().expect("the route key has a parameter").clone()
}

fn last(parameters: Parameters<'_>) -> String {
    parameters.last().expect("the route key has a parameter").clone()
}

/// One of Uppy's routes. The first of `class_parameters` is the class.
fn uppy(class_parameters: Option<Parameters<'_>>, operation: Operation) -> Route {
    Route::Uppy(uppy_route::Route { class: class_parameters.map(first), operation })
}

/// `…/{uploadId}/{partNumber}`. Uppy sends `batch` as the number to get several URLs.
fn sign_part(parameters: Parameters<'_>) -> Operation {
    let (part, rest) = parameters.split_last().expect("the route key has two parameters");
    match part.as_str() {
        "batch" => Operation::SignBatch(last(rest)),
        _ => Operation::SignPart(last(rest), part.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str, key: Option<&str>) -> Option<Route> {
        let mut request = Request::default();
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = path.parse().unwrap();
        if let Some(key) = key {
            request.extensions_mut().insert(RouteKey(key.to_owned()));
        }
        Route::of(&request)
    }

    #[test]
    fn the_routes_equal_those_of_the_template() {
        let template = include_str!("../../../../template.yaml");
        let mut deployed: Vec<&str> =
            template.lines().filter_map(|line| line.trim().strip_prefix("RouteKey: ")).collect();
        let mut routes: Vec<&str> = ROUTES.iter().map(|(key, _)| *key).collect();
        deployed.sort_unstable();
        routes.sort_unstable();
        assert_eq!(routes, deployed);
    }

    #[test]
    fn a_route_key_and_its_path_give_the_same_route() {
        for (key, _) in ROUTES {
            let (method, path) = key.split_once(' ').unwrap();
            let path = path.replace(['{', '}'], "");
            let by_path = route(method, &path, None).unwrap();
            assert_eq!(route(method, &path, Some("$default")).as_ref(), Some(&by_path), "{key}");
            assert_eq!(route(method, &path, Some(key)).as_ref(), Some(&by_path), "{key}");
            assert_eq!(route(method, &format!("/stage{path}"), Some(key)).as_ref(), Some(&by_path), "{key}");
            assert_eq!(route("PATCH", &path, None), None, "{key}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_empty_segments_ignored() {
        assert_eq!(route("GET", "/uploads/a%20b/", None), Some(Route::GetUpload("a b".to_owned())));
        let batch = Route::Uppy(uppy_route::Route { class: None, operation: Operation::SignBatch("u".to_owned()) });
        assert_eq!(route("GET", "//s3/multipart/u/batch", None), Some(batch));
        assert_eq!(route("GET", "/uploads/a/b/c", None), None);
        assert_eq!(route("GET", "/", Some("GET /uploads/{id}")), None, "a path shorter than its key");
    }
}
