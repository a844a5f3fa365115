//! Two people with tokens, from the emulator's Cognito.

use std::fs;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws::{REGION, json_call};
use crate::stack::User;
use crate::{Outcome, emulator, local};

/// A user pool and who is in it.
#[derive(Serialize, Deserialize)]
pub(super) struct Pool {
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) users: Vec<User>,
}

/// The pool of the running emulator, or a new one where the emulator is new.
pub(super) fn users(kept: bool) -> Outcome<Pool> {
    let file = local().join("users.json");
    let known = fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str::<Pool>(&text).ok());
    let mut users = match known {
        Some(users) if kept => users,
        Some(_) | None => pool()?,
    };
    // Tokens live for 24 hours from each `up`.
    users.users = ["alice", "bob"].into_iter().map(|name| sign_in(&users.audience, name)).collect::<Outcome<_>>()?;
    fs::write(&file, serde_json::to_string(&users).unwrap_or_default()).map_err(|e| e.to_string())?;
    Ok(users)
}

fn cognito(action: &str, body: &Value) -> Outcome<Value> {
    json_call(&emulator::endpoint(), "cognito-idp", &format!("AWSCognitoIdentityProviderService.{action}"), body)
}

fn text(value: &Value) -> Outcome<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "the emulator's Cognito answered in another shape".to_owned())
}

fn password(name: &str) -> String {
    format!("{name}-A1!local")
}

fn pool() -> Outcome<Pool> {
    let pool = text(&cognito("CreateUserPool", &json!({ "PoolName": "sluice" }))?["UserPool"]["Id"])?;
    let client = json!({
        "UserPoolId": pool,
        "ClientName": "local",
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "AccessTokenValidity": 24,
        "IdTokenValidity": 24,
        "TokenValidityUnits": { "AccessToken": "hours", "IdToken": "hours" },
    });
    let client = text(&cognito("CreateUserPoolClient", &client)?["UserPoolClient"]["ClientId"])?;
    for name in ["alice", "bob"] {
        cognito("AdminCreateUser", &json!({ "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS" }))?;
        let password = json!({ "UserPoolId": pool, "Username": name, "Password": password(name), "Permanent": true });
        cognito("AdminSetUserPassword", &password)?;
    }
    let issuer = format!("https://cognito-idp.{REGION}.amazonaws.com/{pool}");
    Ok(Pool { issuer, audience: client, users: Vec::new() })
}

fn sign_in(client: &str, name: &str) -> Outcome<User> {
    let body = json!({
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": client,
        "AuthParameters": { "USERNAME": name, "PASSWORD": password(name) },
    });
    let answer = cognito("InitiateAuth", &body)?;
    Ok(User { name: name.to_owned(), token: text(&answer["AuthenticationResult"]["AccessToken"])? })
}
