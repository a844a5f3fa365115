//! Deletion is final.

use anyhow::Result;
use local_stack::http::send;

use super::Fixture;
use super::report::{KeptBy, Report};
use super::user::AnswerExt as _;
use super::verdicts::{Accepted, content_url};

/// DELETE, and requests after it.
pub(super) fn check(fixture: &Fixture, report: &mut Report, accepted: Result<Accepted>) {
    report.group("Deletion");
    let grant = match accepted {
        Ok(accepted) => accepted.grant,
        Err(problem) => return report.skip("every check of deletion", KeptBy::Sluice, &format!("{problem:#}")),
    };
    let id = grant.id.as_str();
    let url = content_url(fixture, id);
    report.check("DELETE can be repeated, and the upload is 404 deleted", KeptBy::Sluice, || {
        for _ in 0..2 {
            fixture.owner.delete(id)?.expect(200)?;
            fixture.owner.status(id)?.expect_code(404, "deleted")?;
        }
        Ok("200 twice, then 404 deleted".to_owned())
    });
    report.check("its earlier content URL answers 404", KeptBy::Aws, || send("GET", &url?, &[], &[])?.expect(404));
    report.check("a replay of its PUT does not restore it", KeptBy::Aws, || {
        let seen = grant.replay(fixture.picture)?;
        fixture.owner.status(id)?.expect_code(404, "deleted")?;
        Ok(format!("{seen}; still deleted"))
    });
}
