//! A realistic event and environment for the functions.

use serde_json::{Value, json};

/// The usual length of the session tokens that Lambda receives, in bytes.
const SESSION_TOKEN_LENGTH: usize = 900;

/// A session token of the usual length and the usual share of characters that need percent-encoding.
pub(crate) fn session_token() -> String {
    "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ+abc=".chars().cycle().take(SESSION_TOKEN_LENGTH).collect()
}

/// The variables that Lambda and the template set by default.
pub(crate) fn environment() -> Vec<(&'static str, String)> {
    let fixed = [
        ("AWS_LAMBDA_FUNCTION_NAME", "sluice-Presign-1A2B3C4D5E6F"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/sluice/sluice/presign"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]0123456789abcdef0123456789abcdef"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("BUCKET", "sluice-uploads-123456789012-eu-west-1"),
        ("TABLE", "sluice-Table-1A2B3C4D5E6F"),
        ("QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-Queue-1A2B3C4D5E6F"),
        ("POLICY", ""),
        ("OWNER_CLAIM", "sub"),
        ("OPEN_MODE", "false"),
        ("LOG_LEVEL", "info"),
    ];
    let mut environment: Vec<(&str, String)> = fixed.map(|(name, value)| (name, value.to_owned())).into();
    environment.push(("AWS_SESSION_TOKEN", session_token()));
    environment
}

/// `POST /uploads` for a picture.
pub(crate) fn grant_request() -> Value {
    request("/uploads", &json!({ "filename": "photo.png", "contentType": "image/png", "size": 1_048_576 }))
}

/// `POST /uploads/batch` for so many pictures.
pub(crate) fn batch_request(count: usize) -> Value {
    let pictures = (0..count).map(|n| json!({ "filename": format!("photo-{n}.png"), "size": 20_000 }));
    request("/uploads/batch", &json!({ "uploads": pictures.collect::<Vec<_>>() }))
}

/// A `POST` as API Gateway sends it in payload format 2.0, with the claims of a verified token.
fn request(path: &str, body: &Value) -> Value {
    json!({
        "version": "2.0",
        "routeKey": format!("POST {path}"),
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "accept-encoding": "gzip, deflate, br",
            "authorization": format!("Bearer {}", session_token()),
            "content-length": body.to_string().len().to_string(),
            "content-type": "application/json",
            "host": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
            "origin": "https://app.example.com",
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "x-amzn-trace-id": "Root=1-5e6722a7-cc2xmpl46db7ae98da47da3a",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https"
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "authorizer": {
                "jwt": {
                    "claims": {
                        "aud": "1example23456789",
                        "exp": "1795340000",
                        "iat": "1795336400",
                        "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example",
                        "sub": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                        "token_use": "id"
                    },
                    "scopes": null
                }
            },
            "domainName": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": format!("POST {path}"),
            "stage": "$default",
            "time": "22/Nov/2026:20:00:00 +0000",
            "timeEpoch": 1_795_377_600_000_u64
        },
        "body": body.to_string(),
        "isBase64Encoded": false
    })
}
