//! When a recognised type is the true one, by the corpus's own list of names for one thing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use crate::Outcome;
use crate::corpus::text;

/// How good an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grade {
    /// The true type or another name of it.
    Correct,
    /// True but weaker.
    Generic,
    /// No answer.
    Unknown,
    /// Another type.
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

/// How often each grade was given.
#[derive(Debug, Default)]
pub(super) struct Counts([u32; 4]);

impl Counts {
    /// One more.
    pub(super) fn add(&mut self, grade: Grade) {
        for (count, one) in self.0.iter_mut().zip(Grade::ALL) {
            *count += u32::from(one == grade);
        }
    }

    /// How many grades were given.
    pub(super) fn all(&self) -> u32 {
        self.0.iter().sum()
    }

    /// A grade's share in per cent.
    pub(super) fn share(&self, grade: Grade) -> f64 {
        let count: u32 = self.0.iter().zip(Grade::ALL).filter(|(_, one)| *one == grade).map(|(count, _)| count).sum();
        100.0 * f64::from(count) / f64::from(self.all())
    }

    /// Each grade's share, shown.
    pub(super) fn shares(&self) -> impl Iterator<Item = String> {
        Grade::ALL.into_iter().map(|grade| format!("{:.2} %", self.share(grade)))
    }

    /// A row of a table.
    pub(super) fn row(&self, heading: &str) -> Vec<String> {
        [heading.to_owned(), self.all().to_string()].into_iter().chain(self.shares()).collect()
    }
}

/// The corpus's names and its core types, all in lower case.
#[derive(Default)]
pub(super) struct Grading {
    names: BTreeMap<String, BTreeSet<String>>,
    weaker: BTreeMap<String, BTreeSet<String>>,
    core: BTreeSet<String>,
}

impl Grading {
    /// Reads `tools/aliases.tsv` and `core-types.txt`.
    pub(super) fn read(corpus: &Path) -> Outcome<Self> {
        Ok(Self::parse(&text(&corpus.join("tools/aliases.tsv"))?, &text(&corpus.join("core-types.txt"))?))
    }

    /// Of each line, tab-separated: a type, other names of it, and weaker types that are also true.
    fn parse(aliases: &str, core: &str) -> Self {
        let mut grading = Self::default();
        for line in aliases.to_lowercase().lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let mut fields = line.split('\t');
            let kind = fields.next().unwrap_or_default().to_owned();
            let mut list = || -> BTreeSet<String> {
                let types = fields.next().unwrap_or_default().split(',').map(|kind| kind.trim().to_owned());
                types.filter(|kind| !kind.is_empty()).collect()
            };
            let (mut names, weaker) = (list(), list());
            names.insert(kind.clone());
            grading.names.insert(kind.clone(), names);
            grading.weaker.insert(kind, weaker);
        }
        grading.core = core.to_lowercase().split_whitespace().map(str::to_owned).collect();
        grading
    }

    /// Whether an allow-list is likely to name this type.
    pub(super) fn is_core(&self, kind: &str) -> bool {
        self.core.contains(kind)
    }

    /// Whether `other` is a name of `kind`.
    pub(super) fn same(&self, kind: &str, other: &str) -> bool {
        self.names.get(kind).map_or(kind == other, |names| names.contains(other))
    }

    /// Grades an answer; its parameters don't matter.
    pub(super) fn grade(&self, expected: &str, got: &str) -> Grade {
        let got = got.split(';').next().unwrap_or_default().trim().to_lowercase();
        match () {
            () if self.same(expected, &got) => Grade::Correct,
            () if matches!(got.as_str(), "" | "application/octet-stream" | "inode/x-empty") => Grade::Unknown,
            () if self.weaker.get(expected).is_some_and(|weaker| weaker.contains(&got)) => Grade::Generic,
            () => Grade::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_count_and_weaker_types_do_not() {
        let grading =
            Grading::parse("# kind\nimage/SVG+xml\timage/svg, x/svg\tapplication/xml\nimage/png\n", "image/png\n");
        for (expected, got, grade) in [
            ("image/svg+xml", "image/svg+xml; charset=utf-8", Grade::Correct),
            ("image/svg+xml", "X/SVG", Grade::Correct),
            ("image/svg+xml", "application/xml", Grade::Generic),
            ("image/svg+xml", "application/octet-stream", Grade::Unknown),
            ("image/png", "", Grade::Unknown),
            ("image/png", "image/svg", Grade::Wrong),
            ("a/b", "a/b", Grade::Correct),
        ] {
            assert_eq!(grading.grade(expected, got), grade, "{expected} {got}");
        }
        assert!(grading.is_core("image/png") && !grading.is_core("image/svg+xml"));
    }

    #[test]
    fn shares_add_up() {
        let mut counts = Counts::default();
        for grade in [Grade::Correct, Grade::Correct, Grade::Correct, Grade::Wrong] {
            counts.add(grade);
        }
        assert_eq!(counts.row("x"), ["x", "4", "75.00 %", "0.00 %", "0.00 %", "25.00 %"]);
    }
}
