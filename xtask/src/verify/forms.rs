//! Form POSTs: the only grants with a size range, and the only ones that can be replayed.

use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use super::Bench;
use super::report::{Counts, Report};
use super::user::Grant;
use super::verdicts::content_url;
use crate::Outcome;
use crate::http::send;

/// Within the range, above it, and once more.
pub(super) fn check(bench: &Bench, report: &mut Report) {
    report.head("Forms");
    let accepted = within(bench);
    report.check("a file within the range is accepted", Counts::OnAws, || match &accepted {
        Ok((_, _, seen)) => Ok(seen.clone()),
        Err(problem) => Err(problem.clone()),
    });
    report.check("a file above the range is refused", Counts::OnAws, || {
        let body = json!({ "filename": "verify.png", "contentType": "image/png", "method": "POST",
            "size": bench.picture.len() - 1 });
        let grant = bench.owner.grant(&body)?;
        let seen = grant.post(&bench.picture)?.expect_code(400, "EntityTooLarge")?;
        bench.owner.status(&grant.id)?.expect_code(404, "not-received")?;
        Ok(seen)
    });
    if let Ok((grant, record, _)) = accepted {
        report.check("its replay doesn't change what was accepted", Counts::OnAws, || replayed(bench, &grant, &record));
    }
}

fn within(bench: &Bench) -> Outcome<(Grant, Value, String)> {
    let body = json!({ "filename": "verify.png", "contentType": "image/png", "method": "POST" });
    let grant = bench.owner.grant(&body)?;
    let seen = grant.post(&bench.picture)?.expect(201)?;
    let (record, seconds) = bench.owner.verdict(&grant.id)?;
    if record["status"] != "accepted" {
        return Err(format!("{seen}, then {} for {}", record["status"], record["reasons"]));
    }
    Ok((grant, record, format!("{seen}, accepted after {seconds:.1} s")))
}

fn replayed(bench: &Bench, grant: &Grant, record: &Value) -> Outcome<String> {
    let seen = grant.post(&bench.program)?.expect(201)?;
    // A later upload's verdict shows that events have moved on; a little longer, for they keep no order.
    let next = bench.owner.upload(&bench.picture)?;
    bench.owner.verdict(&next.id)?;
    sleep(Duration::from_secs(3));
    if &bench.owner.status(&grant.id)?.json() != record {
        return Err(format!("{seen}, and the record changed"));
    }
    let content = send("GET", &content_url(bench, &grant.id)?, &[], &[])?;
    if content.body != bench.picture {
        return Err(format!("{seen}, and the content is {} other bytes", content.body.len()));
    }
    Ok(format!("{seen}; the record and its bytes are the same"))
}
