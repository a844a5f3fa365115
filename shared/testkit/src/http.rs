//! Requests as API Gateway's HTTP API sends them, and answers as a caller reads them.

use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};

use crate::ISSUER;

/// A request that a test builds.
#[derive(Debug, Clone)]
pub struct ApiRequest(Value);

impl ApiRequest {
    /// A request without claims or body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self(json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": "",
            "headers": { "host": "api.example", "content-type": "application/json" },
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "api",
                "domainName": "api.example",
                "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test" },
                "requestId": "request",
                "routeKey": "$default",
                "stage": "$default",
                "time": "03/Nov/2026:12:00:00 +0000",
                "timeEpoch": 1_793_707_200_000_u64
            },
            "isBase64Encoded": false
        }))
    }

    /// With the claims of the golden events' issuer for `subject`.
    #[must_use]
    pub fn by(self, subject: &str) -> Self {
        self.with_claims(&json!({ "iss": ISSUER, "sub": subject, "token_use": "access" }))
    }

    /// With any claims.
    #[must_use]
    pub fn with_claims(mut self, claims: &Value) -> Self {
        self.0["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": null } });
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = value.into();
        self
    }

    /// With a query, already encoded.
    #[must_use]
    pub fn query(mut self, query: &str) -> Self {
        self.0["rawQueryString"] = query.into();
        self
    }

    /// With a body of any text.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.0["body"] = body.into().into();
        self
    }

    /// As API Gateway sends it.
    #[must_use]
    pub fn event(&self) -> &Value {
        &self.0
    }

    /// As the handler gets it.
    #[must_use]
    pub fn request(&self) -> Request {
        request(&self.0)
    }
}

/// The request of an event.
#[must_use]
pub fn request(event: &Value) -> Request {
    lambda_http_kit::http::request(&event.to_string()).expect("an event of API Gateway")
}

/// The content type of a problem on the event's route: Uppy's clients expect `application/json`.
#[must_use]
pub fn refusal_type(event: &Value) -> &'static str {
    let path = event["rawPath"].as_str().unwrap_or_default();
    if path.contains("/s3/") { "application/json" } else { "application/problem+json" }
}

/// The parts of a response.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiResponse {
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: String,
    /// The body.
    pub body: Value,
    /// The redirect's target.
    pub location: Option<String>,
}

impl ApiResponse {
    /// Reads a response, which must be JSON with `no-store`.
    #[must_use]
    pub fn of(response: &Response<Body>) -> Self {
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(header("cache-control").as_deref(), Some("no-store"));
        let answer = Self {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            body: serde_json::from_slice(response.body()).expect("a JSON body"),
            location: header("location"),
        };
        if answer.status >= 400 {
            assert!(["application/problem+json", "application/json"].contains(&answer.content_type.as_str()));
            assert_eq!(answer.body["status"], answer.status);
            assert_eq!(answer.body["error"], answer.body["code"]);
            assert_eq!(answer.body["message"], answer.body["detail"]);
        }
        answer
    }

    /// Status and problem code; the code is empty on success.
    #[must_use]
    pub fn outcome(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}
