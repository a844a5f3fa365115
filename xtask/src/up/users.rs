//! Two users with tokens, from the emulator's Cognito.

use std::fs;

use anyhow::{Context, Result};
use local_stack::aws::{REGION, json_call};
use local_stack::stack::User;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{emulator, local};

/// A user pool and its users.
#[derive(Serialize, Deserialize)]
pub(super) struct Pool {
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) users: Vec<User>,
}

/// The pool of the running emulator; a new one if the emulator was started anew.
pub(super) fn users(kept: bool) -> Result<Pool> {
    let file = local().join("users.json");
    let known = fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str::<Pool>(&text).ok());
    let mut users = match known {
        Some(users) if kept => users,
        Some(_) | None => pool()?,
    };
    // Tokens live for 24 hours from each `up`.
    users.users = ["alice", "bob"].into_iter().map(|name| sign_in(&users.audience, name)).collect::<Result<_>>()?;
    fs::write(&file, serde_json::to_string(&users)?)?;
    Ok(users)
}

fn cognito(action: &str, body: &Value) -> Result<Value> {
    json_call(&emulator::endpoint(), "cognito-idp", &format!("AWSCognitoIdentityProviderService.{action}"), body)
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).context("the emulator's Cognito gave an answer of an unknown form")
}

fn password(name: &str) -> String {
    format!("{name}-A1!local")
}

fn pool() -> Result<Pool> {
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

fn sign_in(client: &str, name: &str) -> Result<User> {
    let body = json!({
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": client,
        "AuthParameters": { "USERNAME": name, "PASSWORD": password(name) },
    });
    let answer = cognito("InitiateAuth", &body)?;
    Ok(User { name: name.to_owned(), token: text(&answer["AuthenticationResult"]["AccessToken"])? })
}
