//! Multipart uploads.

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use super::Fixture;
use super::report::{KeptBy, Report};
use super::user::{AnswerExt as _, put};

/// The line that the uploaded CSV file repeats.
const LINE: &str = "lock,canal,2026-11-22,42.0\n";

/// A session with a declared size.
struct Session {
    id: String,
    parts: Vec<Part>,
    bytes: Vec<u8>,
}

struct Part {
    url: String,
    headers: Vec<(String, String)>,
    start: usize,
    end: usize,
}

/// Sending parts, completing twice, completing early, aborting.
pub(super) fn check(fixture: &Fixture, report: &mut Report) {
    report.group("Multipart uploads");
    let created = create(fixture);
    report.check("a session plans every part", KeptBy::Sluice, || match &created {
        Ok(session) => Ok(format!("{} parts of {} bytes", session.parts.len(), session.bytes.len())),
        Err(problem) => Err(anyhow!("{problem:#}")),
    });
    if let Ok(session) = &created {
        report.check("a part of another length than signed is refused", KeptBy::Aws, || another_length(session));
        let what = "a completion before the last part is 409 parts-missing";
        report.check(what, KeptBy::Aws, || too_early(fixture, session));
        let what = "completing it twice makes one version";
        report.check(what, KeptBy::Aws, || complete_twice(fixture, session));
        report.check("its verdict is about the whole object", KeptBy::Aws, || verdict(fixture, session));
    }
    report.check("an aborted upload takes no part and keeps none", KeptBy::Aws, || aborted(fixture));
}

fn create(fixture: &Fixture) -> Result<Session> {
    let bytes = LINE.repeat((8 << 20) / LINE.len() + 100).into_bytes();
    let request = json!({ "filename": "verify.csv", "contentType": "text/csv", "size": bytes.len() });
    let created = fixture.owner.create_multipart(&request)?;
    let mut start = 0;
    let mut part = |part: &Value| -> Result<Part> {
        let size =
            part["size"].as_u64().and_then(|size| usize::try_from(size).ok()).context("a part without a size")?;
        let headers = part["headers"].as_object().into_iter().flatten();
        let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        let end = start + size;
        let url = part["url"].as_str().context("a part without a URL")?.to_owned();
        let part = Part { url, headers: headers.collect(), start, end };
        start = end;
        Ok(part)
    };
    let parts = created["parts"].as_array().context("a session without parts")?;
    let parts: Vec<Part> = parts.iter().map(&mut part).collect::<Result<_>>()?;
    if start != bytes.len() || parts.len() < 2 {
        bail!("{} parts of {start} bytes in all were planned for {} bytes", parts.len(), bytes.len());
    }
    Ok(Session { id: created["id"].as_str().unwrap_or_default().to_owned(), parts, bytes })
}

impl Session {
    fn path(&self) -> String {
        format!("/uploads/multipart/{}", self.id)
    }

    fn send(&self, part: &Part) -> Result<String> {
        put(&part.url, &part.headers, self.bytes.get(part.start..part.end).unwrap_or_default())?.expect(200)
    }
}

/// Sends the last part, which is short: S3 may answer and close the connection while a long body is still on its way.
fn another_length(session: &Session) -> Result<String> {
    let part = session.parts.last().context("there is no part")?;
    let headers: Vec<_> = part.headers.iter().filter(|(name, _)| name != "content-length").cloned().collect();
    put(&part.url, &headers, session.bytes.get(part.start..part.end - 1).unwrap_or_default())?.expect(403)
}

fn too_early(fixture: &Fixture, session: &Session) -> Result<String> {
    session.send(session.parts.first().context("there is no part")?)?;
    let path = format!("{}/complete", session.path());
    fixture.owner.call("POST", &path, &[], b"")?.expect_code(409, "parts-missing")
}

fn complete_twice(fixture: &Fixture, session: &Session) -> Result<String> {
    for part in &session.parts {
        session.send(part)?;
    }
    let path = format!("{}/complete", session.path());
    let mut versions = Vec::new();
    for _ in 0..2 {
        let answer = fixture.owner.call("POST", &path, &[], b"")?;
        answer.expect(200)?;
        versions.push(answer.json()["versionId"].clone());
    }
    if versions.first() == versions.last() {
        Ok("200 twice, one version".to_owned())
    } else {
        Err(anyhow!("{versions:?}"))
    }
}

fn verdict(fixture: &Fixture, session: &Session) -> Result<String> {
    let (record, seconds) = fixture.owner.verdict(&session.id)?;
    let (status, size) = (&record["status"], record["observed"]["size"].as_u64());
    if *status == "accepted" && size == Some(session.bytes.len() as u64) {
        return Ok(format!("accepted after {seconds:.1} s"));
    }
    Err(anyhow!("{status} with {size:?} bytes"))
}

fn aborted(fixture: &Fixture) -> Result<String> {
    let (url, id) = fixture.owner.first_part()?;
    let path = format!("/uploads/multipart/{id}");
    fixture.owner.call("DELETE", &path, &[], b"")?.expect(200)?;
    let seen = put(&url, &[], b"late")?.expect_code(404, "NoSuchUpload")?;
    fixture.owner.status(&id)?.expect_code(404, "not-received")?;
    Ok(seen)
}
