//! What is deleted stays deleted.

use super::Bench;
use super::report::{Counts, Report};
use super::verdicts::{Accepted, content_url};
use crate::Outcome;
use crate::http::send;

/// DELETE, and what comes after it.
pub(super) fn check(bench: &Bench, report: &mut Report, accepted: Outcome<Accepted>) {
    report.head("Deletion");
    let grant = match accepted {
        Ok(accepted) => accepted.grant,
        Err(problem) => return report.skip("all of it", Counts::Anywhere, &problem),
    };
    let id = grant.id.as_str();
    let url = content_url(bench, id);
    report.check("a deleted upload is 404 deleted, however often", Counts::Anywhere, || {
        for _ in 0..2 {
            bench.owner.delete(id)?.expect(200)?;
            bench.owner.status(id)?.expect_code(404, "deleted")?;
        }
        Ok("200 twice, then 404 deleted".to_owned())
    });
    report
        .check("its content URL of before serves nothing", Counts::OnAws, || send("GET", &url?, &[], &[])?.expect(404));
    report.check("a replay of its PUT brings nothing back", Counts::OnAws, || {
        let seen = grant.replay(&bench.picture)?;
        bench.owner.status(id)?.expect_code(404, "deleted")?;
        Ok(format!("{seen}; still deleted"))
    });
}
