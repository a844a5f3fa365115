//! Rates of true declarations that are rejected and of false ones that are accepted although they are dangerous.
//!
//! A false declaration is accepted wrongly if the class does not allow the type that was found, or if that type is more
//! dangerous than the declared one. A picture declared as another picture is accepted rightly.
//!
//! Every file of tier real and of a core type is declared as its true type, then as each other core type, if the class
//! allows that type: otherwise there is no grant. It is sniffed
//! again each time, because the sniffer verifies the declared type.

use std::collections::{BTreeMap, BTreeSet};

use content_sniff::MediaType;
use policy::content_rules::{RuleOutcome, apply_rules};
use policy::danger::Danger;
use policy::document::{self, SHIPPED_POLICY};
use policy::size::ByteSize;
use policy::verdict::{other_type, served_type};
use policy::{Class, DEFAULT_CLASS};

use super::CorpusFile;
use super::grading::Grading;
use crate::Result;
use crate::corpus::sniff_object;
use crate::report::{Report, note};

/// The limits, in per cent.
const MAX_FALSE_REJECT: f64 = 0.5;
const MAX_FALSE_ACCEPT: f64 = 0.03;

/// Counts of declarations.
#[derive(Default)]
struct Counts {
    true_declarations: u32,
    /// True declarations that the class rejects.
    false_rejects: u32,
    false_declarations: u32,
    /// False declarations that the class accepts although they are dangerous.
    false_accepts: u32,
}

/// The counts of all files, and of those whose label is not arguable.
#[derive(Default)]
struct Totals {
    all: Counts,
    certain: Counts,
    /// The reasons of rejected true declarations.
    reasons: BTreeMap<&'static str, u32>,
    /// Descriptions of all errors.
    misses: Vec<String>,
}

/// Prints both rates and checks them against their limits.
pub(super) fn measure(grading: &Grading, real: &[CorpusFile], misses: bool, report: &mut Report) -> Result {
    let files: Vec<&CorpusFile> = real.iter().filter(|file| file.core).collect();
    let mut types = BTreeMap::new();
    for text in files.iter().map(|file| file.expected.as_str()).collect::<BTreeSet<_>>() {
        types.insert(text, MediaType::parse(text).map_err(|e| format!("{text:?} is not a media type: {e}"))?);
    }
    let policy = document::parse(SHIPPED_POLICY).map_err(|e| e.to_string())?;
    let class = policy.classes.get(DEFAULT_CLASS).ok_or("the shipped policy has no default class")?;
    let mut totals = Totals::default();
    types.retain(|_, declared| class.rule_for(declared).is_some());
    for file in files {
        for (text, declared) in &types {
            if *text == file.expected {
                totals.declare_truly(class, file, declared)?;
            } else if !grading.is_same_type(&file.expected, text) && !grading.is_same_type(text, &file.expected) {
                totals.declare_falsely(class, file, declared)?;
            }
        }
    }
    if misses {
        totals.misses.iter().for_each(|miss| note(miss));
    }
    note(&format!("reasons of class default against true declarations of core types: {:?}", totals.reasons));
    let (reject, accept) = totals.certain.shares();
    let (reject_all, accept_all) = totals.all.shares();
    note(&format!("with arguable labels: false reject {}, false accept {}", reject_all.1, accept_all.1));
    report.check("false reject", reject.0 <= MAX_FALSE_REJECT, &reject.1, &format!("≤ {MAX_FALSE_REJECT} %"));
    report.check("false accept", accept.0 <= MAX_FALSE_ACCEPT, &accept.1, &format!("≤ {MAX_FALSE_ACCEPT} %"));
    Ok(())
}

impl Counts {
    /// False rejects and false accepts in per cent, as a number and as text.
    fn shares(&self) -> ((f64, String), (f64, String)) {
        let share = |part: u32, whole: u32| {
            let share = if whole == 0 { 0.0 } else { 100.0 * f64::from(part) / f64::from(whole) };
            (share, format!("{share:.3} % ({part} of {whole})"))
        };
        (share(self.false_rejects, self.true_declarations), share(self.false_accepts, self.false_declarations))
    }
}

impl Totals {
    /// The counts that a file belongs to.
    fn counts(&mut self, file: &CorpusFile) -> impl Iterator<Item = &mut Counts> {
        let certain = (!file.arguable).then_some(&mut self.certain);
        std::iter::once(&mut self.all).chain(certain)
    }

    fn declare_truly(&mut self, class: &Class, file: &CorpusFile, declared: &MediaType) -> Result {
        let (_, outcome) = validate(class, file, declared)?;
        for counts in self.counts(file) {
            counts.true_declarations += 1;
            counts.false_rejects += u32::from(!outcome.rejected.is_empty());
        }
        for (code, detail) in outcome.rejected {
            *self.reasons.entry(code).or_default() += 1;
            self.misses.push(format!("rejected: {declared}, {code} ({detail}), {}", file.name));
        }
        Ok(())
    }

    fn declare_falsely(&mut self, class: &Class, file: &CorpusFile, declared: &MediaType) -> Result {
        let (found, outcome) = validate(class, file, declared)?;
        let is_allowed = MediaType::parse(&found).is_ok_and(|found| class.rule_for(&found).is_some());
        let is_worse = Danger::of(&found) > Danger::of(declared.essence());
        // Markdown with HTML is served as Markdown.
        let is_served_as_declared = served_type(declared.essence(), &found) == declared.essence();
        let is_false = outcome.rejected.is_empty() && (!is_allowed || is_worse) && !is_served_as_declared;
        for counts in self.counts(file) {
            counts.false_declarations += 1;
            counts.false_accepts += u32::from(is_false);
        }
        if is_false {
            self.misses.push(format!("false accept: {} as {declared}, {}", file.expected, file.name));
        }
        Ok(())
    }
}

/// The type that is found in a file, and what the class says of it.
fn validate(class: &Class, file: &CorpusFile, declared: &MediaType) -> Result<(String, RuleOutcome)> {
    let (sniffed, _) = sniff_object(&file.object, Some(declared))?;
    let size = ByteSize::from_bytes(file.object.len() as u64);
    let other_type = other_type(class, declared, None, size, &sniffed);
    let outcome = apply_rules(&class.content, declared, None, &sniffed, other_type);
    Ok((sniffed.media_type.into_owned(), outcome))
}
