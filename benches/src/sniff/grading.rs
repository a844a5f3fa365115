//! Compares a recognised type with the true one, by the corpus's list of aliases.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use crate::Result;
use crate::corpus::text;

/// The grade of a recognised type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grade {
    /// The true type or an alias of it.
    Correct,
    /// A more general type that is also true.
    Generic,
    /// No type, or one without information.
    Unknown,
    /// A type that is not true.
    Wrong,
}

impl Grade {
    const ALL: [Self; 4] = [Self::Correct, Self::Generic, Self::Unknown, Self::Wrong];
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Correct => "correct",
            Self::Generic => "generic",
            Self::Unknown => "unknown",
            Self::Wrong => "wrong",
        })
    }
}

/// The number of files with each grade.
#[derive(Debug, Default)]
pub(super) struct Counts([u32; 4]);

impl Counts {
    /// Counts one file.
    pub(super) fn add(&mut self, grade: Grade) {
        for (count, one) in self.0.iter_mut().zip(Grade::ALL) {
            *count += u32::from(one == grade);
        }
    }

    /// The number of files.
    pub(super) fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// The share of files with this grade in per cent.
    pub(super) fn share(&self, grade: Grade) -> f64 {
        let count: u32 = self.0.iter().zip(Grade::ALL).filter(|(_, one)| *one == grade).map(|(count, _)| count).sum();
        100.0 * f64::from(count) / f64::from(self.total())
    }

    /// The share of each grade as text.
    pub(super) fn shares(&self) -> impl Iterator<Item = String> {
        Grade::ALL.into_iter().map(|grade| format!("{:.2} %", self.share(grade)))
    }

    /// A table row: heading, number of files, share of each grade.
    pub(super) fn row(&self, heading: &str) -> Vec<String> {
        [heading.to_owned(), self.total().to_string()].into_iter().chain(self.shares()).collect()
    }
}

/// The corpus's aliases and core types, all in lower case.
#[derive(Default)]
pub(super) struct Grading {
    aliases: BTreeMap<String, BTreeSet<String>>,
    generic: BTreeMap<String, BTreeSet<String>>,
    core: BTreeSet<String>,
}

impl Grading {
    /// Reads `tools/aliases.tsv` and `core-types.txt`.
    pub(super) fn read(corpus: &Path) -> Result<Self> {
        Ok(Self::parse(&text(&corpus.join("tools/aliases.tsv"))?, &text(&corpus.join("core-types.txt"))?))
    }

    /// Each line of `aliases` is tab-separated: a type, its aliases, and more general types that are also true.
    fn parse(aliases: &str, core: &str) -> Self {
        let mut grading = Self::default();
        for line in aliases.to_lowercase().lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let mut fields = line.split('\t');
            let media_type = fields.next().unwrap_or_default().to_owned();
            let mut list = || -> BTreeSet<String> {
                let types = fields.next().unwrap_or_default().split(',').map(|media_type| media_type.trim().to_owned());
                types.filter(|media_type| !media_type.is_empty()).collect()
            };
            let (mut names, generic) = (list(), list());
            names.insert(media_type.clone());
            grading.aliases.insert(media_type.clone(), names);
            grading.generic.insert(media_type, generic);
        }
        grading.core = core.to_lowercase().split_whitespace().map(str::to_owned).collect();
        grading
    }

    /// Whether `core-types.txt` lists this type: one that allow lists usually contain.
    pub(super) fn is_core(&self, media_type: &str) -> bool {
        self.core.contains(media_type)
    }

    /// Whether `other` is `media_type` or an alias of it.
    pub(super) fn is_same_type(&self, media_type: &str, other: &str) -> bool {
        self.aliases.get(media_type).map_or(media_type == other, |names| names.contains(other))
    }

    /// Grades a recognised type without its parameters.
    pub(super) fn grade(&self, expected: &str, recognised: &str) -> Grade {
        let recognised = recognised.split(';').next().unwrap_or_default().trim().to_lowercase();
        match () {
            () if self.is_same_type(expected, &recognised) => Grade::Correct,
            () if matches!(recognised.as_str(), "" | "application/octet-stream" | "inode/x-empty") => Grade::Unknown,
            () if self.generic.get(expected).is_some_and(|generic| generic.contains(&recognised)) => Grade::Generic,
            () => Grade::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_correct_and_more_general_types_are_generic() {
        let grading =
            Grading::parse("# type\nimage/SVG+xml\timage/svg, x/svg\tapplication/xml\nimage/png\n", "image/png\n");
        for (expected, recognised, grade) in [
            ("image/svg+xml", "image/svg+xml; charset=utf-8", Grade::Correct),
            ("image/svg+xml", "X/SVG", Grade::Correct),
            ("image/svg+xml", "application/xml", Grade::Generic),
            ("image/svg+xml", "application/octet-stream", Grade::Unknown),
            ("image/png", "", Grade::Unknown),
            ("image/png", "image/svg", Grade::Wrong),
            ("a/b", "a/b", Grade::Correct),
        ] {
            assert_eq!(grading.grade(expected, recognised), grade, "{expected} {recognised}");
        }
        assert!(grading.is_core("image/png") && !grading.is_core("image/svg+xml"));
    }

    #[test]
    fn shares_are_per_cent_of_all_files() {
        let mut counts = Counts::default();
        for grade in [Grade::Correct, Grade::Correct, Grade::Correct, Grade::Wrong] {
            counts.add(grade);
        }
        assert_eq!(counts.row("x"), ["x", "4", "75.00 %", "0.00 %", "0.00 %", "25.00 %"]);
    }
}
