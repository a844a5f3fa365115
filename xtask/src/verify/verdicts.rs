//! What becomes of files that arrive.

use serde_json::Value;

use super::report::{Counts, Report};
use super::user::{Grant, eventually};
use super::{Bench, NOBODYS_ID};
use crate::Outcome;
use crate::http::send;

/// An upload that was accepted.
pub(super) struct Accepted {
    pub(super) grant: Grant,
    record: Value,
}

/// A real picture and a program that pretends to be one. Returns the picture's upload.
pub(super) fn check(bench: &Bench, report: &mut Report) -> Outcome<Accepted> {
    report.head("A real picture");
    let accepted = accept(bench);
    report.check("it is accepted as what it is", Counts::Anywhere, || match &accepted {
        Ok((upload, seconds)) => Ok(format!("{} after {seconds:.1} s", upload.record["observed"])),
        Err(problem) => Err(problem.clone()),
    });
    let accepted = accepted.map(|(upload, _)| upload).map_err(|_| "no picture was accepted".to_owned());
    if let Ok(upload) = &accepted {
        picture(bench, report, upload);
    }
    program(bench, report);
    accepted
}

fn accept(bench: &Bench) -> Outcome<(Accepted, f64)> {
    let grant = bench.owner.upload(&bench.picture)?;
    let (record, seconds) = bench.owner.verdict(&grant.id)?;
    let observed = &record["observed"];
    if record["status"] != "accepted"
        || observed["contentType"] != "image/png"
        || observed["size"] != bench.picture.len()
    {
        return Err(format!("{} as {observed}, reasons {}", record["status"], record["reasons"]));
    }
    Ok((Accepted { grant, record }, seconds))
}

fn picture(bench: &Bench, report: &mut Report, upload: &Accepted) {
    let id = upload.grant.id.as_str();
    report.check("S3's own checksum is in its record", Counts::OnAwsAlone, || {
        let checksum = upload.record["checksum"].as_str().unwrap_or("no checksum");
        if checksum.starts_with("crc64nvme:") { Ok(checksum.to_owned()) } else { Err(checksum.to_owned()) }
    });
    report.check("a second PUT is refused", Counts::OnAws, || upload.grant.put(&bench.picture)?.expect(412));
    report.check("its content URL gives the version's bytes", Counts::OnAws, || {
        let url = content_url(bench, id)?;
        let pinned = upload.record["versionId"].as_str().is_some_and(|version| url.contains(version));
        let answer = send("GET", &url, &[], &[])?;
        answer.expect(200)?;
        match (answer.body == bench.picture, pinned) {
            (true, true) => Ok(format!("200, {} bytes of that version", answer.body.len())),
            (true, false) => Err("the URL names no version".to_owned()),
            (false, _) => Err(format!("{} other bytes", answer.body.len())),
        }
    });
    report.check("as an attachment, with the type that was observed", Counts::OnAwsAlone, || {
        let answer = send("GET", &content_url(bench, id)?, &[], &[])?;
        let header = |name| answer.header(name).unwrap_or("nothing");
        let (disposition, kind) = (header("content-disposition"), header("content-type"));
        let seen = format!("content-disposition: {disposition}, content-type: {kind}");
        if disposition.starts_with("attachment") && kind == "image/png" { Ok(seen) } else { Err(seen) }
    });
    report.check("and in pieces", Counts::OnAwsAlone, || {
        let answer = send("GET", &content_url(bench, id)?, &[("range", "bytes=0-7")], &[])?;
        let seen = answer.expect(206)?;
        if answer.body == bench.picture[..8] { Ok(seen) } else { Err(format!("{seen}, other bytes")) }
    });
    report.check("nobody reads it without a signature", Counts::OnAws, || {
        send("GET", upload.grant.object_url(), &[], &[])?.expect(403)
    });
    let stranger = "for another user it was never there";
    match &bench.other {
        None => report.skip(stranger, Counts::Anywhere, "set SLUICE_TOKEN_OTHER to another user's token"),
        Some(other) => report.check(stranger, Counts::Anywhere, || {
            for (method, suffix) in [("GET", ""), ("GET", "/content"), ("DELETE", "")] {
                let theirs = other.call(method, &format!("/uploads/{id}{suffix}"), &[], &[])?;
                let nobodys = other.call(method, &format!("/uploads/{NOBODYS_ID}{suffix}"), &[], &[])?;
                theirs.expect_code(404, "not-received").map_err(|seen| format!("{method} {suffix}: {seen}"))?;
                if theirs.json() != nobodys.json() {
                    return Err(format!("{method} {suffix}: another answer than for an id that never was"));
                }
            }
            Ok("404 not-received to GET, content and DELETE".to_owned())
        }),
    }
    report.check("it is listed", Counts::Anywhere, || {
        let listed = || Ok(listed(bench, id)?.then_some(()));
        let ((), seconds) = eventually("not in the listing", listed)?;
        Ok(format!("after {seconds:.1} s"))
    });
}

fn program(bench: &Bench, report: &mut Report) {
    report.head("A program that is called .png");
    let rejected = bench.owner.upload(&bench.program).and_then(|grant| {
        let (record, seconds) = bench.owner.verdict(&grant.id)?;
        Ok((grant, record, seconds))
    });
    report.check("it is rejected", Counts::Anywhere, || {
        let (_, record, seconds) = rejected.as_ref().map_err(Clone::clone)?;
        let codes: Vec<&str> =
            record["reasons"].as_array().into_iter().flatten().filter_map(|reason| reason["code"].as_str()).collect();
        let seen = format!("{} after {seconds:.1} s: {}", record["status"], codes.join(", "));
        if record["status"] == "rejected" && codes.contains(&"content-mismatch") { Ok(seen) } else { Err(seen) }
    });
    let Ok((grant, record, _)) = rejected else { return };
    report.check("its content is not served", Counts::Anywhere, || {
        bench.owner.content(&grant.id)?.expect_code(409, "not-accepted")
    });
    report.check("its replay is removed, and the verdict stands", Counts::OnAws, || {
        let seen = grant.replay(&bench.program)?;
        if bench.owner.status(&grant.id)?.json() == record { Ok(seen) } else { Err("the record changed".to_owned()) }
    });
}

/// Where the content of an accepted upload can be had.
pub(super) fn content_url(bench: &Bench, id: &str) -> Outcome<String> {
    let answer = bench.owner.content(id)?;
    answer.expect(200)?;
    Ok(answer.json()["url"].as_str().unwrap_or_default().to_owned())
}

/// Whether the owner's listing shows an id, on whichever page.
fn listed(bench: &Bench, id: &str) -> Outcome<bool> {
    let mut path = "/uploads".to_owned();
    loop {
        let answer = bench.owner.get(&path)?;
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
