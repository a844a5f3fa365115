//! Prints the verdict of each class on each file of a list, one line per declared type, so that two versions can be
//! compared with `diff`.
//!
//! The columns of the list are `path` and `expected_mime`, or `declared_mime` for attacks. The file is declared as that
//! type, then as each type of `--declare`.

use std::path::{Path, PathBuf};

use clap::Args;
use content_sniff::MediaType;
use policy::content_rules::apply_rules;
use policy::document::SHIPPED_POLICY;
use policy::size::ByteSize;
use policy::verdict::other_type;
use policy::{Class, document};

use crate::Result;
use crate::corpus::{object, rows, sniff_object};
use crate::report::note;

/// The files and the types that are declared.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder that the paths of the list are relative to
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// The tab-separated list of files and types
    #[arg(long, value_name = "FILE.tsv")]
    list: PathBuf,
    /// Further types that each file is declared as
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    declare: Vec<String>,
    /// Classes of the shipped policy
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "default,strict")]
    classes: Vec<String>,
}

/// Prints the verdicts.
pub(crate) fn print(options: &Options) -> Result {
    let policy = document::parse(SHIPPED_POLICY).map_err(|e| e.to_string())?;
    for row in rows(&options.list)? {
        let path = row.get("path")?;
        let object = object(&options.corpus.join(path))?;
        let own = row.get("declared_mime").or_else(|_| row.get("expected_mime"))?;
        for declared in std::iter::once(own).chain(options.declare.iter().map(String::as_str)) {
            let Ok(declared) = MediaType::parse(declared) else {
                return Err(format!("{declared:?} is not a media type"));
            };
            for name in &options.classes {
                let class = policy.classes.get(name.as_str());
                let class = class.ok_or_else(|| format!("the shipped policy has no class {name:?}"))?;
                note(&format!("{path}\t{name}\t{declared}\t{}", verdict(class, path, &object, &declared)?));
            }
        }
    }
    Ok(())
}

/// The verdict with the type that was found and the codes.
fn verdict(class: &Class, path: &str, object: &[u8], declared: &MediaType) -> Result<String> {
    if class.rule_for(declared).is_none() {
        return Ok("refused".to_owned());
    }
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let (sniffed, _) = sniff_object(object, Some(declared))?;
    let size = ByteSize::from_bytes(object.len() as u64);
    let other_type = other_type(class, declared, extension.as_deref(), size, &sniffed);
    let outcome = apply_rules(&class.content, declared, extension.as_deref(), &sniffed, other_type);
    let codes = |notes: &[(&'static str, String)]| notes.iter().map(|(code, _)| *code).collect::<Vec<_>>().join(" ");
    let word = if outcome.rejected.is_empty() { "accepted" } else { "rejected" };
    Ok(format!("{word}\t{}\t{}\t{}", sniffed.media_type, codes(&outcome.rejected), codes(&outcome.flagged)))
}
