//! File names, hostile and honest: what the grant says of each under the shipped class `strict`.
//!
//! The list's columns: `filename_json`, a JSON string, and `note`, which holds `must be accepted` for honest names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use content_sniff::MediaType;
use policy::document::SHIPPED_POLICY;
use policy::filename::FileName;
use policy::key::OwnerId;
use policy::size::ByteSize;
use policy::type_pattern::MediaPattern;
use policy::{Policy, Transport, UploadRequest, document};

use crate::Outcome;
use crate::corpus::rows;
use crate::report::Tally;

const CLASS: &str = "strict";
const HONEST: &str = "must be accepted";
/// So much of a name is shown.
const SHOWN: usize = 40;

/// Which names.
#[derive(Args)]
pub(crate) struct Options {
    /// The names with what is known of each, tab-separated
    #[arg(long, value_name = "FILE.tsv")]
    list: PathBuf,
}

/// Asks for a grant under each name.
pub(crate) fn run(options: &Options) -> Outcome<ExitCode> {
    let policy = policy()?;
    let mut tally = Tally::default();
    for row in rows(&options.list)? {
        let (json, note) = (row.get("filename_json")?, row.get("note")?);
        let name: String = serde_json::from_str(json).map_err(|e| format!("{json} is no JSON string: {e}"))?;
        let answer = review(&policy, &name)?;
        let held = answer.is_none() == note.contains(HONEST);
        let shown: String = name.chars().take(SHOWN).collect();
        tally.case(held, &format!("{shown:?} ({note}): {}", answer.as_deref().unwrap_or("granted")));
    }
    tally.finish()
}

/// The shipped policy, but for its class taking any type: the names are on trial, not their types.
fn policy() -> Outcome<Policy> {
    let mut policy = document::parse(SHIPPED_POLICY).map_err(|e| e.to_string())?;
    let class = policy.classes.get_mut(CLASS).ok_or_else(|| format!("the shipped policy has no class {CLASS:?}"))?;
    class.rules.truncate(1);
    let rule = class.rules.first_mut().ok_or_else(|| format!("class {CLASS:?} has no rule"))?;
    rule.types = vec![MediaPattern::Any];
    rule.extensions.clear();
    Ok(policy)
}

/// Why a name is refused, if it is.
fn review(policy: &Policy, name: &str) -> Outcome<Option<String>> {
    let filename = match FileName::parse(name) {
        Ok(filename) => filename,
        Err(problem) => return Ok(Some(problem.to_string())),
    };
    let upload = UploadRequest {
        owner: OwnerId::open(),
        filename,
        content_type: MediaType::parse("application/octet-stream").map_err(|e| e.to_string())?,
        size: Some(ByteSize::from_bytes(1)),
        class: Some(CLASS.to_owned()),
        checksum: None,
        metadata: BTreeMap::new(),
    };
    Ok(policy.review(upload, Transport::Put).err().map(|refusal| refusal.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grant_decides_and_says_why() {
        let policy = policy().unwrap();
        let answer = |name: &str| review(&policy, name).unwrap();
        for honest in ["archive.tar.gz", "résumé.pdf", "a.JPG"] {
            assert_eq!(answer(honest), None, "{honest}");
        }
        for (hostile, why) in [("../a.png", "separator"), ("shell.php.jpg", "double-extension"), ("a\0.jpg", "control")]
        {
            assert!(answer(hostile).unwrap().contains(why), "{hostile}: {:?}", answer(hostile));
        }
    }
}
