//! Who may ask, and what a grant says.

use std::fs;
use std::time::SystemTime;

use serde_json::json;

use super::report::{Counts, Report};
use super::user::User;
use super::{Bench, NOBODYS_ID};
use crate::{Outcome, root};

/// Tokens, grants, `Idempotency-Key`, and an id that nothing came for.
pub(super) fn check(bench: &Bench, report: &mut Report) {
    report.head("Who may ask");
    let api = &bench.target.api_url;
    report.check("without a token every route answers 401", Counts::OnAws, || unauthorized(&User::new(api, None)));
    report.check("so it does with a forged signature", Counts::OnAws, || {
        unauthorized(&User::new(api, Some(&forged(&bench.target.token))))
    });
    report.check("and with a token that is signed by nobody", Counts::OnAws, || {
        unauthorized(&User::new(api, Some("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.")))
    });
    report.check("a page can read the gateway's 401", Counts::OnAwsAlone, || {
        let origin = [("origin", bench.target.origin.as_str())];
        let answer = User::new(api, None).call("GET", "/policy", &origin, &[])?;
        answer.expect(401)?;
        let allowed = answer.header("access-control-allow-origin").ok_or("401 without access-control-allow-origin")?;
        Ok(format!("401, access-control-allow-origin: {allowed}"))
    });

    report.head("Grants");
    report.check("a grant names exactly what must be sent", Counts::Anywhere, || granted(bench));
    report.check("the same Idempotency-Key gives the same id", Counts::Anywhere, || idempotent(bench));
    report.check("an id that nothing came for is 404 not-received", Counts::OnAws, || {
        let unused = bench.owner.grant_picture(bench.picture.len())?;
        bench.owner.status(&unused.id)?.expect_code(404, "not-received")
    });
}

/// The routes of the template that ask for a token, with something in the place of each name.
fn routes() -> Outcome<Vec<(String, String)>> {
    let template = fs::read_to_string(root().join("template.yaml")).map_err(|e| format!("template.yaml: {e}"))?;
    let route = |line: &str| {
        let (method, path) = line.trim().strip_prefix("RouteKey: ")?.split_once(' ')?;
        let named = path.split('/').map(|segment| if segment.starts_with('{') { NOBODYS_ID } else { segment });
        Some((method.to_owned(), named.collect::<Vec<_>>().join("/")))
    };
    let routes: Vec<_> = template.lines().filter_map(route).filter(|(method, _)| method != "OPTIONS").collect();
    if routes.is_empty() { Err("template.yaml has no routes".to_owned()) } else { Ok(routes) }
}

fn unauthorized(user: &User) -> Outcome<String> {
    let routes = routes()?;
    for (method, path) in &routes {
        let body: &[u8] = if method == "POST" { b"{}" } else { b"" };
        user.call(method, path, &[], body)?.expect(401).map_err(|seen| format!("{method} {path}: {seen}"))?;
    }
    Ok(format!("401 on {} routes", routes.len()))
}

/// The token with a signature that was never made: other text of the same length.
fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let other: String = signature.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect();
    format!("{signed}.{other}")
}

fn granted(bench: &Bench) -> Outcome<String> {
    let grant = bench.owner.grant_picture(bench.picture.len())?;
    let mut names: Vec<&str> = grant.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names != ["content-length", "content-type", "if-none-match", "x-amz-meta-sluice"] {
        return Err(format!("the headers are {}", names.join(", ")));
    }
    if !grant.object_url().contains(&bench.target.bucket) {
        return Err(format!("the URL leads to {}", grant.object_url()));
    }
    Ok(names.join(", "))
}

fn idempotent(bench: &Bench) -> Outcome<String> {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    let key = format!("verify-{now}");
    let header = [("idempotency-key", key.as_str())];
    let body = json!({ "filename": "verify.png", "contentType": "image/png", "size": 10 });
    let (first, second) = (bench.owner.ask(&body, &header)?, bench.owner.ask(&body, &header)?);
    first.expect(201)?;
    second.expect(201)?;
    if first.json()["id"] != second.json()["id"] {
        return Err("two different ids".to_owned());
    }
    let other = json!({ "filename": "verify.png", "contentType": "image/png", "size": 11 });
    let reused = bench.owner.ask(&other, &header)?.expect_code(422, "idempotency-key-reused")?;
    Ok(format!("201 twice; another body: {reused}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_template_is_asked() {
        let routes = routes().unwrap();
        let asked = |method: &str, path: &str| routes.iter().any(|(m, p)| (m.as_str(), p.as_str()) == (method, path));
        assert!(asked("GET", "/policy") && asked("DELETE", &format!("/uploads/{NOBODYS_ID}")), "{routes:?}");
        assert!(routes.iter().all(|(_, path)| path.starts_with('/') && !path.contains('{')), "{routes:?}");
    }

    #[test]
    fn a_forged_token_differs_in_every_letter_of_its_signature() {
        assert_eq!(forged("head.body.ABC-"), "head.body.BAAA");
    }
}
