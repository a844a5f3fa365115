//! Our reading of events beside `lambda_http`'s own, and what it would not survive.

use super::*;
use lambda_http::http::{StatusCode, header};
use lambda_http::request::RequestContext;
use serde_json::json;
use testkit::http::Call;

#[test]
fn a_request_is_what_the_library_makes_of_it() {
    let plain = Call::new("GET", "/uploads");
    let claims = json!({ "iss": "https://issuer.example", "sub": "s \"1\"", "cognito:groups": "[a b]" });
    let whole = Call::new("POST", "/uploads/x/content")
        .with_claims(&claims)
        .header("user-agent", "it says \"hé\\u0301\"")
        .header("X-Forwarded-For", "203.0.113.7")
        .query("limit=5&cursor=a%2Fb+c&limit=6")
        .body("{\"a\": \"\\\\ \u{1f600}\"}");
    for call in [plain, whole] {
        let event = call.event().to_string();
        let (ours, theirs) = (request(&event).unwrap(), lambda_http::request::from_str(&event).unwrap());
        assert_eq!(ours.method(), theirs.method());
        assert_eq!(ours.uri().path(), theirs.uri().path());
        assert_eq!(ours.uri().query(), theirs.uri().query());
        assert_eq!(ours.headers(), theirs.headers());
        assert_eq!(ours.body(), theirs.body());
        assert_eq!(ours.query_string_parameters(), theirs.query_string_parameters());
        let Some(RequestContext::ApiGatewayV2(context)) = theirs.request_context_ref() else { panic!("{event}") };
        let theirs = context.authorizer.as_ref().and_then(|a| a.jwt.as_ref()).map(|jwt| &jwt.claims);
        assert_eq!(ours.extensions().get::<Claims>().map(|Claims(claims)| claims), theirs);
    }
}

#[test]
fn a_body_may_come_encoded() {
    let mut event = Call::new("POST", "/uploads").body("eyJhIjoxfQ==").event().clone();
    event["isBase64Encoded"] = true.into();
    assert_eq!(*request(&event.to_string()).unwrap().body(), Body::Binary(b"{\"a\":1}".to_vec()));
    event["body"] = "%".into();
    assert!(request(&event.to_string()).is_err());
}

#[test]
fn strange_paths_are_paths() {
    for (path, expected) in
        [("/a b/\"<é>", "/a%20b/%22%3C%C3%A9%3E"), ("/a%2Fb?c", "/a%2Fb%3Fc"), ("/{#}", "/%7B%23%7D")]
    {
        let request = Call::new("GET", path).query("q=<é>").request();
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
fn an_answer_has_status_headers_and_body() {
    let mut response = Response::new(Body::Text("{\"a\":1}".to_owned()));
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let sent = serde_json::to_value(answer(response)).unwrap();
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
    let empty = serde_json::to_value(answer(Response::new(Body::Empty))).unwrap();
    assert_eq!((&empty["statusCode"], empty.get("body")), (&json!(200), None));
}
