//! Uploads in parts: what S3 itself has to do for them.

use serde_json::{Value, json};

use super::Bench;
use super::report::{Counts, Report};
use super::user::put;
use crate::Outcome;

/// A line of the table that is uploaded: two of the smallest parts that a class cuts, and some.
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

/// Sent, completed, completed again, cut short, given up.
pub(super) fn check(bench: &Bench, report: &mut Report) {
    report.head("Uploads in parts");
    let begun = begin(bench);
    report.check("a session plans every part", Counts::Anywhere, || match &begun {
        Ok(session) => Ok(format!("{} parts of {} bytes", session.parts.len(), session.bytes.len())),
        Err(problem) => Err(problem.clone()),
    });
    if let Ok(session) = &begun {
        report.check("a part of another length than its URL says", Counts::OnAws, || another_length(session));
        let what = "a completion before the last part is 409 parts-missing";
        report.check(what, Counts::OnAws, || too_early(bench, session));
        let what = "its parts become one object, once, however often it is completed";
        report.check(what, Counts::OnAws, || whole(bench, session));
        report.check("its verdict is about the whole", Counts::OnAws, || verdict(bench, session));
    }
    report.check("what was given up takes no part and leaves none", Counts::OnAws, || given_up(bench));
}

fn begin(bench: &Bench) -> Outcome<Session> {
    let bytes = LINE.repeat((8 << 20) / LINE.len() + 100).into_bytes();
    let asked = json!({ "filename": "verify.csv", "contentType": "text/csv", "size": bytes.len() });
    let begun = bench.owner.begin(&asked)?;
    let mut start = 0;
    let mut part = |part: &Value| -> Outcome<Part> {
        let size = part["size"].as_u64().and_then(|size| usize::try_from(size).ok()).ok_or("a part without a size")?;
        let headers = part["headers"].as_object().into_iter().flatten();
        let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        let end = start + size;
        let url = part["url"].as_str().ok_or("a part without a URL")?.to_owned();
        let part = Part { url, headers: headers.collect(), start, end };
        start = end;
        Ok(part)
    };
    let parts = begun["parts"].as_array().ok_or("a session without parts")?;
    let parts: Vec<Part> = parts.iter().map(&mut part).collect::<Outcome<_>>()?;
    if start != bytes.len() || parts.len() < 2 {
        return Err(format!("{} parts of {start} bytes in all were planned for {} bytes", parts.len(), bytes.len()));
    }
    Ok(Session { id: begun["id"].as_str().unwrap_or_default().to_owned(), parts, bytes })
}

impl Session {
    fn path(&self) -> String {
        format!("/uploads/multipart/{}", self.id)
    }

    fn send(&self, part: &Part) -> Outcome<String> {
        put(&part.url, &part.headers, self.bytes.get(part.start..part.end).unwrap_or_default())?.expect(200)
    }
}

fn another_length(session: &Session) -> Outcome<String> {
    let part = session.parts.first().ok_or("there is no part")?;
    let headers: Vec<_> = part.headers.iter().filter(|(name, _)| name != "content-length").cloned().collect();
    put(&part.url, &headers, session.bytes.get(part.start..part.end - 1).unwrap_or_default())?.expect(403)
}

fn too_early(bench: &Bench, session: &Session) -> Outcome<String> {
    session.send(session.parts.first().ok_or("there is no part")?)?;
    let path = format!("{}/complete", session.path());
    bench.owner.call("POST", &path, &[], b"")?.expect_code(409, "parts-missing")
}

fn whole(bench: &Bench, session: &Session) -> Outcome<String> {
    for part in &session.parts {
        session.send(part)?;
    }
    let path = format!("{}/complete", session.path());
    let mut versions = Vec::new();
    for _ in 0..2 {
        let answer = bench.owner.call("POST", &path, &[], b"")?;
        answer.expect(200)?;
        versions.push(answer.json()["versionId"].clone());
    }
    if versions.first() == versions.last() {
        Ok("200 twice, one version".to_owned())
    } else {
        Err(format!("{versions:?}"))
    }
}

fn verdict(bench: &Bench, session: &Session) -> Outcome<String> {
    let (record, seconds) = bench.owner.verdict(&session.id)?;
    let (status, size) = (&record["status"], record["observed"]["size"].as_u64());
    if *status == "accepted" && size == Some(session.bytes.len() as u64) {
        return Ok(format!("accepted after {seconds:.1} s"));
    }
    Err(format!("{status} with {size:?} bytes"))
}

fn given_up(bench: &Bench) -> Outcome<String> {
    let (url, id) = bench.owner.first_part()?;
    let path = format!("/uploads/multipart/{id}");
    bench.owner.call("DELETE", &path, &[], b"")?.expect(200)?;
    let seen = put(&url, &[], b"late")?.expect_code(404, "NoSuchUpload")?;
    bench.owner.status(&id)?.expect_code(404, "not-received")?;
    Ok(seen)
}
