//! What pages may do.

use super::Bench;
use super::report::{Counts, Report};
use crate::Outcome;
use crate::http::{Answer, send};

/// An origin that nobody configures (RFC 2606).
const FOREIGN: &str = "https://foreign.example";

/// Preflights of the bucket and of the API, for our pages and for others.
pub(super) fn check(bench: &Bench, report: &mut Report) {
    report.head("What pages may do");
    let ours = bench.target.origin.as_str();
    report.check("our page may PUT to the bucket and read the ETag", Counts::OnAws, || {
        let seen = allowed(&bucket(bench, ours)?, ours)?;
        let grant = bench.owner.grant_picture(bench.picture.len())?;
        let mut headers = grant.headers_with("origin", Some(ours));
        headers.retain(|(name, _)| name != "content-length");
        let answer = super::user::put(&grant.url, &headers, &bench.picture)?;
        answer.expect(200)?;
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_owned();
        if !exposed.to_ascii_lowercase().split(',').any(|name| name.trim() == "etag") {
            return Err(format!("a PUT exposes: {exposed}"));
        }
        Ok(format!("{seen}, exposed: {exposed}"))
    });
    report.check("our page can read the bucket's refusals", Counts::OnAws, || {
        let grant = bench.owner.grant_picture(bench.picture.len())?;
        let mut headers = grant.headers_with("origin", Some(ours));
        headers.retain(|(name, _)| name != "if-none-match");
        let answer = super::user::put(&grant.url, &headers, &bench.picture)?;
        answer.expect(403)?;
        allowed_origin(&answer, ours)
    });
    report.check("a foreign page may not PUT to the bucket", Counts::OnAws, || denied(&bucket(bench, FOREIGN)?));
    report.check("our page may call the API", Counts::OnAws, || allowed(&api(bench, ours)?, ours));
    report.check("a foreign page may not call the API", Counts::OnAws, || denied(&api(bench, FOREIGN)?));
}

fn bucket(bench: &Bench, origin: &str) -> Outcome<Answer> {
    let grant = bench.owner.grant_picture(bench.picture.len())?;
    let asked = "content-type,if-none-match,x-amz-meta-sluice";
    preflight(grant.object_url(), origin, "PUT", asked)
}

fn api(bench: &Bench, origin: &str) -> Outcome<Answer> {
    let url = format!("{}/uploads", bench.target.api_url);
    preflight(&url, origin, "POST", "authorization,content-type,idempotency-key")
}

fn preflight(url: &str, origin: &str, method: &str, headers: &str) -> Outcome<Answer> {
    let asked =
        [("origin", origin), ("access-control-request-method", method), ("access-control-request-headers", headers)];
    send("OPTIONS", url, &asked, &[])
}

fn allowed(answer: &Answer, origin: &str) -> Outcome<String> {
    if !matches!(answer.status, 200 | 204) {
        return Err(format!("{} for {origin}; is that origin in AllowedOrigins? See SLUICE_ORIGIN.", answer.brief()));
    }
    allowed_origin(answer, origin)
}

fn allowed_origin(answer: &Answer, origin: &str) -> Outcome<String> {
    match answer.header("access-control-allow-origin") {
        Some(allowed) if allowed == origin || allowed == "*" => Ok(format!("{} for {allowed}", answer.brief())),
        Some(other) => Err(format!("{} for {other} and not for {origin}", answer.brief())),
        None => Err(format!("{} without access-control-allow-origin for {origin}", answer.brief())),
    }
}

fn denied(answer: &Answer) -> Outcome<String> {
    match answer.header("access-control-allow-origin") {
        Some(allowed) => Err(format!("{} for {allowed}", answer.brief())),
        None => Ok(format!("{} without access-control-allow-origin", answer.brief())),
    }
}
