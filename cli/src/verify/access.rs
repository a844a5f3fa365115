//! Who may call the API, and what a grant contains.

use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;

use super::report::{KeptBy, Report};
use super::user::{AnswerExt as _, User};
use super::{Fixture, UNKNOWN_ID};
use crate::TEMPLATE;

/// Tokens, grants, `Idempotency-Key`, and an id without an object.
pub(super) fn check(fixture: &Fixture, report: &mut Report) {
    report.group("Authentication");
    let api = &fixture.target.api_url;
    report.check("every route answers 401 without a token", KeptBy::Aws, || unauthorized(&User::new(api, None)));
    report.check("every route answers 401 to a token with a forged signature", KeptBy::Aws, || {
        unauthorized(&User::new(api, Some(&forged(&fixture.target.token))))
    });
    report.check("every route answers 401 to an unsigned token", KeptBy::Aws, || {
        unauthorized(&User::new(api, Some("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.")))
    });
    report.check("the gateway's 401 has CORS headers", KeptBy::AwsOnly, || {
        let origin = [("origin", fixture.target.origin.as_str())];
        let answer = User::new(api, None).call("GET", "/policy", &origin, &[])?;
        answer.expect(401)?;
        let allowed =
            answer.header("access-control-allow-origin").context("401 without access-control-allow-origin")?;
        Ok(format!("401, access-control-allow-origin: {allowed}"))
    });

    report.group("Grants");
    report.check("a grant names exactly the headers to send", KeptBy::Sluice, || granted(fixture));
    report.check("the same Idempotency-Key gives the same id", KeptBy::Sluice, || idempotent(fixture));
    report.check("an id without an object is 404 not-received", KeptBy::Aws, || {
        let unused = fixture.owner.grant_picture(fixture.picture.len())?;
        fixture.owner.status(&unused.id)?.expect_code(404, "not-received")
    });
}

/// The routes of the template that need a token, with an id in place of each path parameter.
fn routes() -> Vec<(String, String)> {
    let route = |line: &str| {
        let (method, path) = line.trim().strip_prefix("RouteKey: ")?.split_once(' ')?;
        let named = path.split('/').map(|segment| if segment.starts_with('{') { UNKNOWN_ID } else { segment });
        Some((method.to_owned(), named.collect::<Vec<_>>().join("/")))
    };
    TEMPLATE.lines().filter_map(route).filter(|(method, _)| method != "OPTIONS").collect()
}

fn unauthorized(user: &User) -> Result<String> {
    let routes = routes();
    for (method, path) in &routes {
        let body: &[u8] = if method == "POST" { b"{}" } else { b"" };
        user.call(method, path, &[], body)?.expect(401).map_err(|seen| anyhow!("{method} {path}: {seen}"))?;
    }
    Ok(format!("401 on {} routes", routes.len()))
}

/// The token with another signature of the same length.
fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let other: String = signature.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect();
    format!("{signed}.{other}")
}

fn granted(fixture: &Fixture) -> Result<String> {
    let grant = fixture.owner.grant_picture(fixture.picture.len())?;
    let mut names: Vec<&str> = grant.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names != ["content-length", "content-type", "if-none-match", "x-amz-meta-sluice"] {
        bail!("the headers are {}", names.join(", "));
    }
    if !grant.object_url().contains(&fixture.target.bucket) {
        bail!("the URL is {}", grant.object_url());
    }
    Ok(names.join(", "))
}

fn idempotent(fixture: &Fixture) -> Result<String> {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    let key = format!("verify-{now}");
    let header = [("idempotency-key", key.as_str())];
    let body = json!({ "filename": "verify.png", "contentType": "image/png", "size": 10 });
    let (first, second) = (fixture.owner.request_grant(&body, &header)?, fixture.owner.request_grant(&body, &header)?);
    first.expect(201)?;
    second.expect(201)?;
    if first.json()["id"] != second.json()["id"] {
        bail!("two different ids");
    }
    let other = json!({ "filename": "verify.png", "contentType": "image/png", "size": 11 });
    let reused = fixture.owner.request_grant(&other, &header)?.expect_code(422, "idempotency-key-reused")?;
    Ok(format!("201 twice; another body: {reused}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_template_is_called() {
        let routes = routes();
        let called = |method: &str, path: &str| routes.iter().any(|(m, p)| (m.as_str(), p.as_str()) == (method, path));
        assert!(called("GET", "/policy") && called("DELETE", &format!("/uploads/{UNKNOWN_ID}")), "{routes:?}");
        assert!(routes.iter().all(|(_, path)| path.starts_with('/') && !path.contains('{')), "{routes:?}");
    }

    #[test]
    fn a_forged_token_differs_in_every_letter_of_its_signature() {
        assert_eq!(forged("head.body.ABC-"), "head.body.BAAA");
    }
}
