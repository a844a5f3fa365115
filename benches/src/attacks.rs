//! Deceptive files: compares the verdict of a shipped class with the expected one.
//!
//! The columns of the list are `path`, `declared_mime`, `expected_verdict` (`reject`, `flag` or `accept`) and
//! `readable_from`. The last one names the range that contains the evidence, or starts with `NO` if no range does.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use policy::content_rules::{RuleOutcome, apply_rules};
use policy::document::SHIPPED_POLICY;
use policy::size::ByteSize;
use policy::verdict::other_type;
use policy::{Class, DEFAULT_CLASS, document};

use crate::Result;
use crate::corpus::{Row, object, rows, sniff_object};
use crate::report::{Cases, note};

/// The files, and the class whose rules apply.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder that the paths of the list are relative to
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// The tab-separated list of files, declared types and expected verdicts
    #[arg(long, value_name = "FILE.tsv")]
    list: PathBuf,
    /// A class of the shipped policy; `standard` is an alias of `default`
    #[arg(long, value_name = "NAME", default_value = "strict")]
    class: String,
}

/// Applies the rules to each file.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let name = if options.class == "standard" { DEFAULT_CLASS } else { &options.class };
    let mut policy = document::parse(SHIPPED_POLICY).map_err(|e| e.to_string())?;
    let class = policy.classes.remove(name).ok_or_else(|| format!("the shipped policy has no class {name:?}"))?;
    let mut cases = Cases::default();
    for row in rows(&options.list)? {
        check_file(options, &class, &row, &mut cases)?;
    }
    cases.finish()
}

fn check_file(options: &Options, class: &Class, row: &Row, cases: &mut Cases) -> Result {
    let path = row.get("path")?;
    let declared = row.media_type("declared_mime")?;
    let object = object(&options.corpus.join(path))?;
    let (sniffed, _) = sniff_object(&object, Some(&declared))?;
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    let size = ByteSize::from_bytes(object.len() as u64);
    let other_type = other_type(class, &declared, extension, size, &sniffed);
    let outcome = apply_rules(&class.content, &declared, extension, &sniffed, other_type);
    let (expected, verdict) = (row.get("expected_verdict")?, verdict(&outcome));
    let line = format!(
        "{path}: expected {expected}, got {verdict}{} [{declared} is {}, {} reads]",
        reasons(&outcome),
        sniffed.media_type,
        sniffed.reads,
    );
    let passed = is_strict_enough(expected, verdict)?;
    if !passed && row.get("readable_from")?.starts_with("NO") {
        note(&format!("– {line}: not counted, the list says that no range contains the evidence"));
    } else {
        cases.add(passed, &line);
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

/// Whether a verdict is at least as strict as expected. A flagged file is an accepted file with a finding, so `flag`
/// also satisfies `accept`, and `reject` also satisfies `flag`.
fn is_strict_enough(expected: &str, verdict: &str) -> Result<bool> {
    match expected {
        "accept" => Ok(verdict != "reject"),
        "flag" => Ok(verdict != "accept"),
        "reject" => Ok(verdict == "reject"),
        other => Err(format!("{other:?} is not a verdict: use reject, flag or accept")),
    }
}

fn reasons(outcome: &RuleOutcome) -> String {
    let codes: Vec<String> =
        outcome.rejected.iter().chain(&outcome.flagged).map(|(code, detail)| format!("{code} ({detail})")).collect();
    if codes.is_empty() { String::new() } else { format!(": {}", codes.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_at_least_as_strict_as_expected() {
        for (expected, allowed) in [("accept", ["accept", "flag"]), ("flag", ["flag", "reject"])] {
            for verdict in ["accept", "flag", "reject"] {
                assert_eq!(is_strict_enough(expected, verdict), Ok(allowed.contains(&verdict)), "{expected} {verdict}");
            }
        }
        assert_eq!(is_strict_enough("reject", "flag"), Ok(false));
        assert!(is_strict_enough("maybe", "flag").is_err());
    }
}
