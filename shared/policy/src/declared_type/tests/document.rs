//! Writes `docs/TYPES.md`: what clients declare for the most uploaded types, and what the class `default` grants.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::iter;

use content_sniff::names_of_type;

use super::*;
use crate::filename::FileName;
use crate::key::OwnerId;
use crate::policy::Policy;
use crate::request::{Transport, UploadRequest};
use crate::size::ByteSize;

/// The types that people upload most, each by the extensions of its files. No public statistic counts uploads; this list
/// has what phones, cameras, browsers and office programs write.
const MOST_UPLOADED: [&[&str]; 40] = [
    &["jpg", "jpeg", "jfif"],
    &["png"],
    &["gif"],
    &["webp"],
    &["heic", "heif"],
    &["avif"],
    &["bmp"],
    &["tif", "tiff"],
    &["svg"],
    &["pdf"],
    &["docx"],
    &["xlsx"],
    &["pptx"],
    &["doc"],
    &["xls"],
    &["ppt"],
    &["odt"],
    &["ods"],
    &["rtf"],
    &["txt", "log"],
    &["csv"],
    &["tsv"],
    &["md", "markdown"],
    &["json"],
    &["geojson"],
    &["xml"],
    &["zip"],
    &["rar"],
    &["7z"],
    &["mp3"],
    &["m4a"],
    &["wav"],
    &["ogg", "opus"],
    &["mp4", "m4v"],
    &["mov"],
    &["webm"],
    &["3gp"],
    &["ics"],
    &["vcf"],
    &["eml"],
];

/// Types without information, each of which the table tries.
const WITHOUT_INFORMATION: [&str; 8] = [
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-binary",
    "application/unknown",
    "application/force-download",
    "application/download",
    "application/x-download",
];

const HEADER: &str = "\
# Types

What browsers and systems declare for a file, and what the class `default` of the shipped policy grants for it.
A test in `shared/policy` asks the policy for each line and writes this file.
[POLICY.md](POLICY.md#the-declared-type) explains how a class takes the declared type.

- The lines come from three places. `shared/policy/data/declared-types.tsv` lists what clients are known to send for an extension. `shared/sniff/data/aliases.tsv` lists the names of each type. mime-db gives the type of an extension.
- *No type* stands for a missing or empty type and for the types without information:
  {}.
- A refusal is shown by its [code](CONTRACT.md#codes).
- `UPDATE_TYPES=1 cargo test -p policy declared_type` writes this file again.
";

/// What the class `default` answers to a request for a file with this extension.
fn answer(policy: &Policy, extension: &str, declared: &str) -> String {
    let request = UploadRequest {
        owner: OwnerId::open(),
        filename: FileName::parse(&format!("name.{extension}")).unwrap(),
        declared_type: (!declared.is_empty()).then(|| MediaType::parse(declared).unwrap()),
        size: Some(ByteSize::from_bytes(1_000)),
        class: None,
        checksum: None,
        metadata: BTreeMap::new(),
    };
    match policy.review(request, Transport::Put) {
        Ok(reviewed) => format!("`{}`", reviewed.grant.content_type),
        Err(refusal) => format!("refused: `{}`", refusal.code()),
    }
}

/// The declared types of an extension, each once with its source.
fn declared_types(extension: &str) -> Vec<(&'static str, &'static str)> {
    let usual = type_of_extension(extension).expect(extension);
    let known = guesses().filter(|(of, _, _)| *of == extension).map(|(_, guess, source)| (guess, source));
    let names = names_of_type(usual).iter().map(|name| (*name, "another name of the type"));
    let mut declared: Vec<(&str, &str)> = Vec::new();
    for (kind, source) in iter::once((usual, "the type of the extension")).chain(known).chain(names) {
        if declared.iter().all(|(listed, _)| *listed != kind) {
            declared.push((kind, source));
        }
    }
    declared
}

fn table(policy: &Policy, extensions: &[&str]) -> String {
    let mut table = "| Extension | Declared | Source | Granted |\n|---|---|---|---|\n".to_owned();
    for extension in extensions {
        let mut answers = WITHOUT_INFORMATION.iter().map(|declared| answer(policy, extension, declared));
        let without = answers.next().unwrap();
        let class = &policy.classes["default"];
        if type_in_class(class, extension).is_some() {
            assert!(answers.all(|other| other == without), "{extension}: types without information differ");
        }
        writeln!(table, "| `.{extension}` | *no type* | clients that do not know the extension | {without} |").unwrap();
        for (declared, source) in declared_types(extension) {
            let answer = answer(policy, extension, declared);
            writeln!(table, "| `.{extension}` | `{declared}` | {} | {answer} |", source.replace('\\', "\\\\")).unwrap();
        }
    }
    table
}

#[test]
fn the_table_of_types_equals_what_the_policy_grants() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/TYPES.md");
    let policy = parse(SHIPPED_POLICY).unwrap();
    let most: Vec<&str> = MOST_UPLOADED.concat();
    let mut others: Vec<&str> = guesses().map(|(extension, _, _)| extension).filter(|e| !most.contains(e)).collect();
    others.sort_unstable();
    others.dedup();
    let named: Vec<String> = WITHOUT_INFORMATION[1..].iter().map(|kind| format!("`{kind}`")).collect();
    let generated = format!(
        "{}\n## The 40 most uploaded types\n\nNo public statistic counts uploads. \
         This list has what phones, cameras, browsers and office programs write.\n\n{}\n## Other extensions\n\n\
         The remaining extensions of `declared-types.tsv`.\n\n{}",
        HEADER.replace("{}", &named.join(", ")),
        table(&policy, &most),
        table(&policy, &others),
    );
    if std::env::var_os("UPDATE_TYPES").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap();
    assert_eq!(published, generated, "run this test with UPDATE_TYPES=1 to update docs/TYPES.md");
}

#[test]
fn nothing_that_clients_are_known_to_declare_is_refused_for_a_listed_extension() {
    let policy = parse(SHIPPED_POLICY).unwrap();
    let class = &policy.classes["default"];
    for extension in class.rules.iter().flat_map(|rule| &rule.extensions) {
        let known = declared_types(extension).into_iter().map(|(declared, _)| declared);
        let refused: Vec<&str> = known
            .chain(WITHOUT_INFORMATION)
            .filter(|declared| answer(&policy, extension, declared).starts_with("refused"))
            .collect();
        assert!(refused.is_empty(), "{extension}: {refused:?}");
    }
}
