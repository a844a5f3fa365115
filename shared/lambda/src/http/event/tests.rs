//! Requests from events, compared with those that `lambda_http` parses.

use super::*;
use lambda_http::http::{StatusCode, header};
use lambda_http::request::RequestContext;
use serde_json::json;
use testkit::http::ApiRequest;

#[test]
fn requests_equal_those_of_lambda_http() {
    let minimal = ApiRequest::new("GET", "/uploads");
    let claims = json!({ "iss": "https://issuer.example", "sub": "s \"1\"", "cognito:groups": "[a b]" });
    let complete = ApiRequest::new("POST", "/uploads/x/content")
        .with_claims(&claims)
        .header("user-agent", "text \"hé\\u0301\"")
        .header("X-Forwarded-For", "203.0.113.7")
        .query("limit=5&cursor=a%2Fb+c&limit=6")
        .body("{\"a\": \"\\\\ \u{1f600}\"}");
    for call in [minimal, complete] {
        let event = call.event().to_string();
        let (parsed, reference) = (request(&event).unwrap(), lambda_http::request::from_str(&event).unwrap());
        assert_eq!(parsed.method(), reference.method());
        assert_eq!(parsed.uri().path(), reference.uri().path());
        assert_eq!(parsed.uri().query(), reference.uri().query());
        assert_eq!(parsed.headers(), reference.headers());
        assert_eq!(parsed.body(), reference.body());
        assert_eq!(parsed.query_string_parameters(), reference.query_string_parameters());
        let Some(RequestContext::ApiGatewayV2(context)) = reference.request_context_ref() else { panic!("{event}") };
        let reference = context.authorizer.as_ref().and_then(|a| a.jwt.as_ref()).map(|jwt| &jwt.claims);
        assert_eq!(parsed.extensions().get::<Claims>().map(|Claims(claims)| claims), reference);
    }
}

#[test]
fn a_base64_body_is_decoded() {
    let mut event = ApiRequest::new("POST", "/uploads").body("eyJhIjoxfQ==").event().clone();
    event["isBase64Encoded"] = true.into();
    assert_eq!(*request(&event.to_string()).unwrap().body(), Body::Binary(b"{\"a\":1}".to_vec()));
    event["body"] = "%".into();
    assert!(request(&event.to_string()).is_err());
}

#[test]
fn characters_outside_of_uris_are_encoded() {
    for (path, expected) in
        [("/a b/\"<é>", "/a%20b/%22%3C%C3%A9%3E"), ("/a%2Fb?c", "/a%2Fb%3Fc"), ("/{#}", "/%7B%23%7D")]
    {
        let request = ApiRequest::new("GET", path).query("q=<é>").request();
        assert_eq!((request.uri().path(), request.uri().query()), (expected, Some("q=%3C%C3%A9%3E")));
    }
}

#[test]
fn other_events_are_refused() {
    for event in ["", "{}", "null", r#"{"Records":[]}"#, r#"{"rawPath":"/","requestContext":{"http":{}}}"#] {
        assert!(request(event).is_err(), "{event}");
    }
}

#[test]
fn a_response_has_status_headers_and_body() {
    let mut response = Response::new(Body::Text("{\"a\":1}".to_owned()));
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let sent = serde_json::to_value(to_gateway(response)).unwrap();
    assert_eq!(
        sent,
        json!({
            "statusCode": 201,
            "headers": { "content-type": "application/json" },
            "multiValueHeaders": {},
            "body": "{\"a\":1}",
            "isBase64Encoded": false,
            "cookies": [],
        })
    );
    let empty = serde_json::to_value(to_gateway(Response::new(Body::Empty))).unwrap();
    assert_eq!((&empty["statusCode"], empty.get("body")), (&json!(200), None));
}
