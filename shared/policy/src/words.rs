//! Sentences for the person who chose the file, by code.
//!
//! Server and pages use one catalogue, `words/en.json`. A sentence may have placeholders in braces. The program reads the
//! code and the values beside it, never the sentence.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The catalogue in English. A page may load the same file.
pub const CATALOGUE: &str = include_str!("../words/en.json");

static WORDS: LazyLock<Words> =
    LazyLock::new(|| serde_json::from_str(CATALOGUE).expect("the catalogue is JSON of this form: the tests read it"));

/// How many values a sentence lists.
const MAX_LISTED: usize = 12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    problems: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
    reasons: BTreeMap<String, String>,
    types: BTreeMap<String, String>,
}

/// The sentence for a problem code with its values; `None` if the catalogue has no such code, or the sentence needs another
/// value.
#[must_use]
pub fn problem(code: &str, values: &[(&str, &str)]) -> Option<String> {
    let sentence = filled(WORDS.problems.get(code)?, values);
    (!sentence.contains('{')).then_some(sentence)
}

/// The half sentence for a problem of a file name, by its code.
#[must_use]
pub fn name_problem(code: &str) -> Option<&'static str> {
    WORDS.names.get(code).map(String::as_str)
}

/// The sentence for a reason or finding about a file that was granted as one type and found to be another. Both types are
/// essences in lower case.
#[must_use]
pub fn reason(code: &str, granted: &str, found: &str) -> Option<String> {
    let sentence = WORDS.reasons.get(code)?;
    let name = |kind: &str| type_name(kind).unwrap_or_else(|| format!("a file of type {kind}"));
    let (mut granted_name, mut found_name) = (name(granted), name(found));
    if granted_name == found_name {
        // Two types with one name, such as the formats of Word.
        (granted_name, found_name) = (format!("{granted_name} ({granted})"), format!("{found_name} ({found})"));
    }
    Some(filled(sentence, &[("granted", &granted_name), ("found", &found_name)]))
}

/// The name of a type with its article, such as "a PNG picture".
fn type_name(kind: &str) -> Option<String> {
    let group = || kind.split_once('/').and_then(|(group, _)| WORDS.types.get(&format!("{group}/*")));
    WORDS.types.get(kind).or_else(group).cloned()
}

/// A list for a sentence: at most twelve values.
#[must_use]
pub fn list(values: &[String]) -> String {
    let listed = values.iter().take(MAX_LISTED).cloned().collect::<Vec<_>>().join(", ");
    if values.len() > MAX_LISTED { format!("{listed}, …") } else { listed }
}

fn filled(sentence: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(sentence.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name_problems::NameProblem;
    use crate::verdict::{NAME_CLEANED, Reason, TYPE_RESOLVED};
    use content_sniff::{FindingCode, MismatchCode};

    #[test]
    fn every_reason_and_every_name_problem_has_a_sentence() {
        let mismatches = [MismatchCode::ContentIsAnotherType, MismatchCode::ExtensionIsAnotherType];
        let mut codes: Vec<&str> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
        codes.extend(Reason::ALL.iter().map(|reason| reason.code()));
        codes.extend(mismatches.map(MismatchCode::as_str));
        codes.extend(["unverified", "unknown", TYPE_RESOLVED, NAME_CLEANED]);
        for code in &codes {
            let sentence = reason(code, "image/png", "application/x-unheard-of").expect(code);
            assert!(sentence.ends_with('.') && !sentence.contains(['{', '}']), "{code}: {sentence}");
        }
        for problem in NameProblem::ALL {
            assert!(name_problem(problem.as_str()).is_some_and(|text| text.ends_with('.')), "{problem:?}");
        }
        assert_eq!(WORDS.names.len(), NameProblem::ALL.len());
        let unused: Vec<&String> = WORDS.reasons.keys().filter(|code| !codes.contains(&code.as_str())).collect();
        assert_eq!(unused, Vec::<&String>::new());
    }

    #[test]
    fn values_replace_their_placeholders() {
        let values = [("actual", "7 MB"), ("limit", "5 MB")];
        let sentence = problem("too-large", &values).unwrap();
        assert!(values.iter().all(|(_, value)| sentence.contains(value)) && !sentence.contains('{'));
        assert_eq!(problem("no-such-code", &[]), None);
        let many: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        assert_eq!(list(&many).split(", ").count(), MAX_LISTED + 1);
    }
}
