//! Files that deceive: what the rules of a shipped class make of each, against the verdict it should get.
//!
//! The list's columns: `path`, `declared_mime`, `expected_verdict` (`reject`, `flag` or `accept`) and `readable_from`,
//! where the evidence lies; `NO …` where no range shows it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use policy::content_rules::{RuleOutcome, apply_rules};
use policy::document::SHIPPED_POLICY;
use policy::{Class, DEFAULT_CLASS, document};

use crate::Outcome;
use crate::corpus::{Row, look, object, rows};
use crate::report::{Tally, note};

/// Which files, and by whose rules.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder that the list's paths start from
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// The files with what is declared and expected of each, tab-separated
    #[arg(long, value_name = "FILE.tsv")]
    list: PathBuf,
    /// A class of the shipped policy; `standard` is another name of `default`
    #[arg(long, value_name = "NAME", default_value = "strict")]
    class: String,
}

/// Judges each file.
pub(crate) fn run(options: &Options) -> Outcome<ExitCode> {
    let name = if options.class == "standard" { DEFAULT_CLASS } else { &options.class };
    let mut policy = document::parse(SHIPPED_POLICY).map_err(|e| e.to_string())?;
    let class = policy.classes.remove(name).ok_or_else(|| format!("the shipped policy has no class {name:?}"))?;
    let mut tally = Tally::default();
    for row in rows(&options.list)? {
        attack(options, &class, &row, &mut tally)?;
    }
    tally.finish()
}

fn attack(options: &Options, class: &Class, row: &Row, tally: &mut Tally) -> Outcome {
    let path = row.get("path")?;
    let declared = row.media_type("declared_mime")?;
    let (sniffed, _) = look(&object(&options.corpus.join(path))?, Some(&declared))?;
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    let outcome = apply_rules(&class.content, &declared, extension, &sniffed);
    let (expected, verdict) = (row.get("expected_verdict")?, verdict(&outcome));
    let line = format!(
        "{path}: expected {expected}, got {verdict}{} [{declared} is {}, {} reads]",
        reasons(&outcome),
        sniffed.media_type,
        sniffed.reads,
    );
    let held = fits(expected, verdict)?;
    if !held && row.get("readable_from")?.starts_with("NO") {
        note(&format!("– {line}: by the list, no range shows the evidence"));
    } else {
        tally.case(held, &line);
    }
    Ok(())
}

fn verdict(outcome: &RuleOutcome) -> &'static str {
    match () {
        () if !outcome.rejected.is_empty() => "reject",
        () if !outcome.flagged.is_empty() => "flag",
        () => "accept",
    }
}

/// Whether a verdict is as strict as it should be: a flag is a note on an accepted file, so an honest file may have
/// one, and a suspicious one may be refused instead.
fn fits(expected: &str, verdict: &str) -> Outcome<bool> {
    match expected {
        "accept" => Ok(verdict != "reject"),
        "flag" => Ok(verdict != "accept"),
        "reject" => Ok(verdict == "reject"),
        other => Err(format!("{other:?} is no verdict: use reject, flag or accept")),
    }
}

fn reasons(outcome: &RuleOutcome) -> String {
    let noted: Vec<String> =
        outcome.rejected.iter().chain(&outcome.flagged).map(|(code, detail)| format!("{code} ({detail})")).collect();
    if noted.is_empty() { String::new() } else { format!(": {}", noted.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_must_be_as_strict_as_expected() {
        for (expected, fine) in [("accept", ["accept", "flag"]), ("flag", ["flag", "reject"])] {
            for verdict in ["accept", "flag", "reject"] {
                assert_eq!(fits(expected, verdict), Ok(fine.contains(&verdict)), "{expected} {verdict}");
            }
        }
        assert_eq!(fits("reject", "flag"), Ok(false));
        assert!(fits("maybe", "flag").is_err());
    }
}
