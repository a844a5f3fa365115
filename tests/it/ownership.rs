//! A user cannot reach another user's upload, and a caller without a token reaches nothing.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use local_stack::aws::json_call;
use serde_json::{Value, json};

use crate::api::{alice, anonymous, bob};
use crate::aws::{key_of, versions};
use crate::support::{asset, stack, wait_for};

#[test]
fn another_users_upload_looks_like_a_missing_one() {
    let grant = alice().upload("lock.png", "image/png", &asset("lock.png"));
    alice().verdict(grant.id());
    let missing = "01900000-0000-7000-8000-000000000000";
    for (method, suffix) in [("GET", ""), ("GET", "/content"), ("DELETE", "")] {
        let theirs = bob().call(method, &format!("/uploads/{}{suffix}", grant.id()), &[], &[]);
        let none = bob().call(method, &format!("/uploads/{missing}{suffix}"), &[], &[]);
        assert_eq!((theirs.status, theirs.json()), (404, none.json()), "{method} {suffix}");
    }
    let listed = bob().get("/uploads?limit=1000").json();
    assert!(listed["items"].as_array().unwrap().iter().all(|item| item["id"] != grant.id()));
    assert_eq!(alice().verdict(grant.id())["status"], "accepted");
    assert_eq!(versions(&key_of(&grant)).len(), 1);
}

#[test]
fn two_users_may_use_the_same_idempotency_key() {
    let body = br#"{"filename":"a.png","contentType":"image/png","size":10}"#;
    let key = [("idempotency-key", "the same for both")];
    let (a, b) = (alice().call("POST", "/uploads", &key, body), bob().call("POST", "/uploads", &key, body));
    assert_eq!((a.status, b.status), (201, 201));
    assert_ne!(a.json()["id"], b.json()["id"]);
}

#[test]
fn without_a_token_every_route_answers_401() {
    let id = "01900000-0000-7000-8000-000000000000";
    for (method, path) in [
        ("POST", "/uploads".to_owned()),
        ("GET", "/policy".to_owned()),
        ("GET", "/uploads".to_owned()),
        ("GET", format!("/uploads/{id}")),
        ("GET", format!("/uploads/{id}/content")),
        ("DELETE", format!("/uploads/{id}")),
        ("POST", "/uploads/multipart".to_owned()),
        ("POST", format!("/uploads/multipart/{id}/parts")),
        ("GET", format!("/uploads/multipart/{id}/parts")),
        ("POST", format!("/uploads/multipart/{id}/complete")),
        ("DELETE", format!("/uploads/multipart/{id}")),
        ("GET", "/s3/params?filename=a.png&type=image/png".to_owned()),
        ("POST", "/s3/multipart".to_owned()),
        ("GET", format!("/s3/multipart/{id}")),
        ("GET", format!("/s3/multipart/{id}/1")),
        ("POST", format!("/s3/multipart/{id}/complete")),
        ("DELETE", format!("/s3/multipart/{id}")),
        ("POST", "/s3/sign".to_owned()),
    ] {
        assert_eq!(anonymous().call(method, &path, &[], b"{}").status, 401, "{method} {path}");
        let forged = [("authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.")];
        assert_eq!(anonymous().call(method, &path, &forged, b"{}").status, 401, "{method} {path} forged");
    }
}

/// The test shortens the validity of Alice's access tokens to five seconds, and waits.
#[test]
fn an_expired_token_answers_401() {
    let cognito = |action: &str, body: &Value| {
        let target = format!("AWSCognitoIdentityProviderService.{action}");
        json_call(&stack().endpoint, "cognito-idp", &target, body).unwrap()
    };
    let claims = stack().users[0].token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let (pool, client) = (claims["iss"].as_str().unwrap().rsplit('/').next().unwrap(), &claims["client_id"]);
    let set_validity = |seconds: u32| {
        let units = json!({ "AccessToken": "seconds", "IdToken": "hours" });
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let body = json!({
            "UserPoolId": pool, "ClientId": client, "ExplicitAuthFlows": flows,
            "AccessTokenValidity": seconds, "IdTokenValidity": 24, "TokenValidityUnits": units,
        });
        cognito("UpdateUserPoolClient", &body)
    };
    set_validity(5);
    let parameters = json!({ "USERNAME": "alice", "PASSWORD": "alice-A1!local" });
    let body = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client, "AuthParameters": parameters });
    let token = cognito("InitiateAuth", &body)["AuthenticationResult"]["AccessToken"].as_str().unwrap().to_owned();
    set_validity(24 * 3600);
    let bearer = format!("Bearer {token}");
    let status = || anonymous().call("GET", "/policy", &[("authorization", &bearer)], &[]).status;
    assert_eq!(status(), 200, "not expired yet");
    wait_for("the expiry of the token", || (status() == 401).then_some(()));
}
