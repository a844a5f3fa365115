//! POST forms: the only grants with a size range, and the only ones that can be replayed.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use local_stack::http::send;
use serde_json::{Value, json};

use super::Fixture;
use super::report::{KeptBy, Report};
use super::user::{AnswerExt as _, Grant};
use super::verdicts::content_url;

/// A file within the size range, one above it, and a replay.
pub(super) fn check(fixture: &Fixture, report: &mut Report) {
    report.group("POST forms");
    let accepted = within(fixture);
    report.check("a file within the range is accepted", KeptBy::Aws, || match &accepted {
        Ok((_, _, seen)) => Ok(seen.clone()),
        Err(problem) => Err(anyhow!("{problem:#}")),
    });
    report.check("a file above the range is refused", KeptBy::Aws, || {
        let body = json!({ "filename": "verify.png", "contentType": "image/png", "method": "POST",
            "size": fixture.picture.len() - 1 });
        let grant = fixture.owner.grant(&body)?;
        let seen = grant.post(fixture.picture)?.expect_code(400, "EntityTooLarge")?;
        fixture.owner.status(&grant.id)?.expect_code(404, "not-received")?;
        Ok(seen)
    });
    report.check("a form with a changed field is refused", KeptBy::Aws, || {
        let body = json!({ "filename": "verify.png", "contentType": "image/png", "method": "POST" });
        let mut grant = fixture.owner.grant(&body)?;
        for (_, value) in grant.fields.iter_mut().filter(|(name, _)| name == "content-type") {
            "text/html".clone_into(value);
        }
        let seen = grant.post(fixture.picture)?.expect(403)?;
        fixture.owner.status(&grant.id)?.expect_code(404, "not-received")?;
        Ok(seen)
    });
    if let Ok((grant, record, _)) = accepted {
        report.check("its replay does not change the accepted upload", KeptBy::Aws, || {
            replayed(fixture, &grant, &record)
        });
    }
}

fn within(fixture: &Fixture) -> Result<(Grant, Value, String)> {
    let body = json!({ "filename": "verify.png", "contentType": "image/png", "method": "POST" });
    let grant = fixture.owner.grant(&body)?;
    let seen = grant.post(fixture.picture)?.expect(201)?;
    let (record, seconds) = fixture.owner.verdict(&grant.id)?;
    if record["status"] != "accepted" {
        bail!("{seen}, then {} for {}", record["status"], record["reasons"]);
    }
    Ok((grant, record, format!("{seen}, accepted after {seconds:.1} s")))
}

fn replayed(fixture: &Fixture, grant: &Grant, record: &Value) -> Result<String> {
    let seen = grant.post(&fixture.program)?.expect(201)?;
    // A later upload's verdict shows that the queue has moved on. Events are unordered, so wait longer.
    let next = fixture.owner.upload(fixture.picture)?;
    fixture.owner.verdict(&next.id)?;
    sleep(Duration::from_secs(3));
    if &fixture.owner.status(&grant.id)?.json() != record {
        bail!("{seen}, and the record changed");
    }
    let content = send("GET", &content_url(fixture, &grant.id)?, &[], &[])?;
    if content.body != fixture.picture {
        bail!("{seen}, and the content is {} other bytes", content.body.len());
    }
    Ok(format!("{seen}; the record and its bytes are the same"))
}
