//! Hostile and ordinary file names: whether a grant of the shipped class `strict` accepts each as expected.
//!
//! The columns of the list are `filename_json`, a JSON string, and `note`, which contains `must be accepted` for
//! ordinary names.

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

use crate::Result;
use crate::corpus::rows;
use crate::report::Cases;

const CLASS: &str = "strict";
const ACCEPT_NOTE: &str = "must be accepted";
/// Names are printed up to this number of characters.
const MAX_SHOWN_CHARS: usize = 40;

/// The list of names.
#[derive(Args)]
pub(crate) struct Options {
    /// The tab-separated list of names and notes
    #[arg(long, value_name = "FILE.tsv")]
    list: PathBuf,
}

/// Requests a grant for each name.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let policy = policy()?;
    let mut cases = Cases::default();
    for row in rows(&options.list)? {
        let (json, note) = (row.get("filename_json")?, row.get("note")?);
        let name: String = serde_json::from_str(json).map_err(|e| format!("{json} is not a JSON string: {e}"))?;
        let refusal = refusal(&policy, &name)?;
        let passed = refusal.is_none() == note.contains(ACCEPT_NOTE);
        let shown: String = name.chars().take(MAX_SHOWN_CHARS).collect();
        cases.add(passed, &format!("{shown:?} ({note}): {}", refusal.as_deref().unwrap_or("granted")));
    }
    cases.finish()
}

/// The shipped policy with a class that allows any type, because only names are tested.
fn policy() -> Result<Policy> {
    let mut policy = document::parse(SHIPPED_POLICY).map_err(|e| e.to_string())?;
    let class = policy.classes.get_mut(CLASS).ok_or_else(|| format!("the shipped policy has no class {CLASS:?}"))?;
    class.rules.truncate(1);
    let rule = class.rules.first_mut().ok_or_else(|| format!("class {CLASS:?} has no rule"))?;
    rule.types = vec![MediaPattern::Any];
    rule.extensions.clear();
    Ok(policy)
}

/// Why a name is refused; `None` if a grant accepts it.
fn refusal(policy: &Policy, name: &str) -> Result<Option<String>> {
    let filename = match FileName::parse(name) {
        Ok(filename) => filename,
        Err(problem) => return Ok(Some(problem.to_string())),
    };
    let upload = UploadRequest {
        owner: OwnerId::open(),
        filename,
        declared_type: Some(MediaType::parse("application/octet-stream").map_err(|e| e.to_string())?),
        size: Some(ByteSize::from_bytes(1)),
        class: Some(CLASS.to_owned()),
        checksum: None,
        metadata: BTreeMap::new(),
    };
    Ok(policy.review(upload, Transport::Put).err().map(|refusal| format!("{refusal} {:?}", refusal.facts().actual)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_problem() {
        let policy = policy().unwrap();
        let refused = |name: &str| refusal(&policy, name).unwrap();
        for ordinary in ["archive.tar.gz", "résumé.pdf", "a.JPG"] {
            assert_eq!(refused(ordinary), None, "{ordinary}");
        }
        for (hostile, why) in
            [("../a.png", "separator"), ("shell.php.exe\u{202e}.jpg", "direction"), ("a\0.jpg", "control")]
        {
            assert!(refused(hostile).unwrap().contains(why), "{hostile}: {:?}", refused(hostile));
        }
    }
}
