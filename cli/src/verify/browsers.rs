//! CORS of the bucket and the API.

use anyhow::{Result, anyhow, bail};
use local_stack::http::{Answer, send};

use super::Fixture;
use super::report::{KeptBy, Report};
use super::user::AnswerExt as _;

/// An origin that no stack allows (RFC 2606).
const OTHER_ORIGIN: &str = "https://foreign.example";

/// Preflights of the bucket and of the API, for an allowed origin and for another one.
pub(super) fn check(fixture: &Fixture, report: &mut Report) {
    report.group("CORS");
    let allowed_page = fixture.target.origin.as_str();
    report.check("an allowed page may PUT to the bucket and read the ETag", KeptBy::Aws, || {
        let seen = allowed(&bucket(fixture, allowed_page)?, allowed_page)?;
        let grant = fixture.owner.grant_picture(fixture.picture.len())?;
        let mut headers = grant.headers_with("origin", Some(allowed_page));
        headers.retain(|(name, _)| name != "content-length");
        let answer = super::user::put(&grant.url, &headers, fixture.picture)?;
        answer.expect(200)?;
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_owned();
        if !exposed.to_ascii_lowercase().split(',').any(|name| name.trim() == "etag") {
            bail!("a PUT exposes: {exposed}");
        }
        Ok(format!("{seen}, exposed: {exposed}"))
    });
    report.check("an allowed page can read the bucket's refusals", KeptBy::Aws, || {
        let grant = fixture.owner.grant_picture(fixture.picture.len())?;
        let mut headers = grant.headers_with("origin", Some(allowed_page));
        headers.retain(|(name, _)| name != "if-none-match");
        let answer = super::user::put(&grant.url, &headers, fixture.picture)?;
        answer.expect(403)?;
        allowed_origin(&answer, allowed_page)
    });
    report.check("another page may not PUT to the bucket", KeptBy::Aws, || denied(&bucket(fixture, OTHER_ORIGIN)?));
    report
        .check("an allowed page may call the API", KeptBy::Aws, || allowed(&api(fixture, allowed_page)?, allowed_page));
    report.check("another page may not call the API", KeptBy::Aws, || denied(&api(fixture, OTHER_ORIGIN)?));
}

fn bucket(fixture: &Fixture, origin: &str) -> Result<Answer> {
    let grant = fixture.owner.grant_picture(fixture.picture.len())?;
    let headers = "content-type,if-none-match,x-amz-meta-sluice";
    preflight(grant.object_url(), origin, "PUT", headers)
}

fn api(fixture: &Fixture, origin: &str) -> Result<Answer> {
    let url = format!("{}/uploads", fixture.target.api_url);
    preflight(&url, origin, "POST", "authorization,content-type,idempotency-key")
}

fn preflight(url: &str, origin: &str, method: &str, headers: &str) -> Result<Answer> {
    let request =
        [("origin", origin), ("access-control-request-method", method), ("access-control-request-headers", headers)];
    send("OPTIONS", url, &request, &[])
}

fn allowed(answer: &Answer, origin: &str) -> Result<String> {
    if !matches!(answer.status, 200 | 204) {
        bail!("{} for {origin}: set SLUICE_ORIGIN to an origin in AllowedOrigins", answer.brief());
    }
    allowed_origin(answer, origin)
}

fn allowed_origin(answer: &Answer, origin: &str) -> Result<String> {
    match answer.header("access-control-allow-origin") {
        Some(allowed) if allowed == origin || allowed == "*" => Ok(format!("{} for {allowed}", answer.brief())),
        Some(other) => Err(anyhow!("{} for {other} and not for {origin}", answer.brief())),
        None => Err(anyhow!("{} without access-control-allow-origin for {origin}", answer.brief())),
    }
}

fn denied(answer: &Answer) -> Result<String> {
    match answer.header("access-control-allow-origin") {
        Some(allowed) => Err(anyhow!("{} for {allowed}", answer.brief())),
        None => Ok(format!("{} without access-control-allow-origin", answer.brief())),
    }
}
