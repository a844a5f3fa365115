//! Verdicts, and access to the content.

use anyhow::{Result, anyhow, bail};
use local_stack::http::send;
use serde_json::Value;

use super::report::{KeptBy, Report};
use super::user::{AnswerExt as _, Grant, eventually};
use super::{Fixture, UNKNOWN_ID};

/// An accepted upload.
pub(super) struct Accepted {
    pub(super) grant: Grant,
    record: Value,
}

/// A PNG file, and a program named `.png`. Returns the PNG's upload.
pub(super) fn check(fixture: &Fixture, report: &mut Report) -> Result<Accepted> {
    report.group("A PNG file");
    let accepted = accept(fixture);
    report.check("it is accepted as image/png", KeptBy::Sluice, || match &accepted {
        Ok((upload, seconds)) => Ok(format!("{} after {seconds:.1} s", upload.record["observed"])),
        Err(problem) => Err(anyhow!("{problem:#}")),
    });
    let accepted = accepted.map(|(upload, _)| upload).map_err(|_| anyhow!("no picture was accepted"));
    if let Ok(upload) = &accepted {
        picture(fixture, report, upload);
    }
    program(fixture, report);
    accepted
}

fn accept(fixture: &Fixture) -> Result<(Accepted, f64)> {
    let grant = fixture.owner.upload(fixture.picture)?;
    let (record, seconds) = fixture.owner.verdict(&grant.id)?;
    let observed = &record["observed"];
    if record["status"] != "accepted"
        || observed["contentType"] != "image/png"
        || observed["size"] != fixture.picture.len()
    {
        bail!("{} as {observed}, reasons {}", record["status"], record["reasons"]);
    }
    Ok((Accepted { grant, record }, seconds))
}

fn picture(fixture: &Fixture, report: &mut Report, upload: &Accepted) {
    let id = upload.grant.id.as_str();
    report.check("S3's own checksum is in its record", KeptBy::AwsOnly, || {
        let checksum = upload.record["checksum"].as_str().unwrap_or("no checksum");
        if checksum.starts_with("crc64nvme:") { Ok(checksum.to_owned()) } else { Err(anyhow!(checksum.to_owned())) }
    });
    report.check("a second PUT is refused", KeptBy::Aws, || upload.grant.put(fixture.picture)?.expect(412));
    report.check("its content URL serves the bytes of that version", KeptBy::Aws, || {
        let url = content_url(fixture, id)?;
        let pinned = upload.record["versionId"].as_str().is_some_and(|version| url.contains(version));
        let answer = send("GET", &url, &[], &[])?;
        answer.expect(200)?;
        match (answer.body == fixture.picture, pinned) {
            (true, true) => Ok(format!("200, {} bytes of that version", answer.body.len())),
            (true, false) => Err(anyhow!("the URL names no version")),
            (false, _) => Err(anyhow!("{} other bytes", answer.body.len())),
        }
    });
    report.check("its content is an attachment of the observed type", KeptBy::AwsOnly, || {
        let answer = send("GET", &content_url(fixture, id)?, &[], &[])?;
        let header = |name| answer.header(name).unwrap_or("missing");
        let (disposition, kind) = (header("content-disposition"), header("content-type"));
        let seen = format!("content-disposition: {disposition}, content-type: {kind}");
        if disposition.starts_with("attachment") && kind == "image/png" { Ok(seen) } else { Err(anyhow!(seen)) }
    });
    report.check("its content can be read in ranges", KeptBy::AwsOnly, || {
        let answer = send("GET", &content_url(fixture, id)?, &[("range", "bytes=0-7")], &[])?;
        let seen = answer.expect(206)?;
        if answer.body == fixture.picture[..8] { Ok(seen) } else { Err(anyhow!("{seen}, other bytes")) }
    });
    report.check("the object can't be read without a signature", KeptBy::Aws, || {
        send("GET", upload.grant.object_url(), &[], &[])?.expect(403)
    });
    let other_user = "another user gets 404 not-received";
    match &fixture.other {
        None => report.skip(other_user, KeptBy::Sluice, "set SLUICE_TOKEN_OTHER to another user's token"),
        Some(other) => report.check(other_user, KeptBy::Sluice, || {
            for (method, suffix) in [("GET", ""), ("GET", "/content"), ("DELETE", "")] {
                let theirs = other.call(method, &format!("/uploads/{id}{suffix}"), &[], &[])?;
                let unknown = other.call(method, &format!("/uploads/{UNKNOWN_ID}{suffix}"), &[], &[])?;
                theirs.expect_code(404, "not-received").map_err(|seen| anyhow!("{method} {suffix}: {seen}"))?;
                if theirs.json() != unknown.json() {
                    bail!("{method} {suffix}: another answer than for an unknown id");
                }
            }
            Ok("404 not-received to GET, content and DELETE".to_owned())
        }),
    }
    report.check("the owner's listing has it", KeptBy::Sluice, || {
        let listed = || Ok(listed(fixture, id)?.then_some(()));
        let ((), seconds) = eventually("not in the listing", listed)?;
        Ok(format!("after {seconds:.1} s"))
    });
}

fn program(fixture: &Fixture, report: &mut Report) {
    report.group("A program named .png");
    let rejected = fixture.owner.upload(&fixture.program).and_then(|grant| {
        let (record, seconds) = fixture.owner.verdict(&grant.id)?;
        Ok((grant, record, seconds))
    });
    report.check("it is rejected", KeptBy::Sluice, || {
        let (_, record, seconds) = rejected.as_ref().map_err(|problem| anyhow!("{problem:#}"))?;
        let codes: Vec<&str> =
            record["reasons"].as_array().into_iter().flatten().filter_map(|reason| reason["code"].as_str()).collect();
        let seen = format!("{} after {seconds:.1} s: {}", record["status"], codes.join(", "));
        if record["status"] == "rejected" && codes.contains(&"content-mismatch") {
            Ok(seen)
        } else {
            Err(anyhow!(seen))
        }
    });
    let Ok((grant, record, _)) = rejected else { return };
    report.check("its content is not served", KeptBy::Sluice, || {
        fixture.owner.content(&grant.id)?.expect_code(409, "not-accepted")
    });
    report.check("its replay is deleted, and the verdict stays", KeptBy::Aws, || {
        let seen = grant.replay(&fixture.program)?;
        if fixture.owner.status(&grant.id)?.json() == record { Ok(seen) } else { Err(anyhow!("the record changed")) }
    });
}

/// The content URL of an accepted upload.
pub(super) fn content_url(fixture: &Fixture, id: &str) -> Result<String> {
    let answer = fixture.owner.content(id)?;
    answer.expect(200)?;
    Ok(answer.json()["url"].as_str().unwrap_or_default().to_owned())
}

/// Whether a page of the owner's listing has an id.
fn listed(fixture: &Fixture, id: &str) -> Result<bool> {
    let mut path = "/uploads".to_owned();
    loop {
        let answer = fixture.owner.get(&path)?;
        answer.expect(200)?;
        let page = answer.json();
        if page["items"].as_array().into_iter().flatten().any(|item| item["id"] == id) {
            return Ok(true);
        }
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("/uploads?cursor={cursor}"),
            None => return Ok(false),
        }
    }
}
