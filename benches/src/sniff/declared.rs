//! Rates of true declarations that are refused and of false ones that are accepted.
//!
//! Every file of tier real and of a core type is declared as its true type, then as each other core type. It is sniffed
//! again each time, because the sniffer verifies the declared type.

use std::collections::{BTreeMap, BTreeSet};

use content_sniff::MediaType;
use content_sniff::{Agreement, agree};
use policy::content_rules::{ContentRules, apply_rules};

use super::CorpusFile;
use super::grading::Grading;
use crate::Result;
use crate::corpus::sniff_object;
use crate::report::{Report, note};

/// The limits, in per cent.
const MAX_FALSE_REJECT: f64 = 1.5;
const MAX_FALSE_ACCEPT: f64 = 0.03;

/// Counts of declarations.
#[derive(Default)]
struct Totals {
    true_declarations: u32,
    /// True declarations that the sniffer contradicts.
    false_rejects: u32,
    false_declarations: u32,
    /// False declarations that the sniffer confirms.
    false_accepts: u32,
    /// True declarations that the standard rules reject, and the reasons.
    rejected_by_rules: u32,
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
    let mut totals = Totals::default();
    for file in files {
        for (text, declared) in &types {
            if *text == file.expected {
                totals.declare_truly(file, declared)?;
            } else if !grading.is_same_type(&file.expected, text) && !grading.is_same_type(text, &file.expected) {
                totals.declare_falsely(file, declared)?;
            }
        }
    }
    if misses {
        totals.misses.iter().for_each(|miss| note(miss));
    }
    let share = |part: u32, whole: u32| if whole == 0 { 0.0 } else { 100.0 * f64::from(part) / f64::from(whole) };
    note(&format!(
        "the rules of class default reject {} of {} true declarations of core types: {:?}",
        totals.rejected_by_rules, totals.true_declarations, totals.reasons
    ));
    let (reject, accept) =
        (share(totals.false_rejects, totals.true_declarations), share(totals.false_accepts, totals.false_declarations));
    let figure = format!("{reject:.2} % ({} of {})", totals.false_rejects, totals.true_declarations);
    report.check("false reject", reject <= MAX_FALSE_REJECT, &figure, &format!("≤ {MAX_FALSE_REJECT} %"));
    let figure = format!("{accept:.4} % ({} of {})", totals.false_accepts, totals.false_declarations);
    report.check("false accept", accept <= MAX_FALSE_ACCEPT, &figure, &format!("≤ {MAX_FALSE_ACCEPT} %"));
    Ok(())
}

impl Totals {
    fn declare_truly(&mut self, file: &CorpusFile, declared: &MediaType) -> Result {
        let (sniffed, _) = sniff_object(&file.object, Some(declared))?;
        self.true_declarations += 1;
        let relation = agree(declared, None, &sniffed);
        if relation != Agreement::Agrees {
            self.false_rejects += 1;
            self.misses.push(format!(
                "false reject: {declared} recognised as {}, {relation:?}, {}",
                sniffed.media_type, file.name
            ));
        }
        let outcome = apply_rules(&ContentRules::standard(), declared, None, &sniffed);
        self.rejected_by_rules += u32::from(!outcome.rejected.is_empty());
        for (code, detail) in outcome.rejected {
            *self.reasons.entry(code).or_default() += 1;
            self.misses.push(format!("rejected: {declared}, {code} ({detail}), {}", file.name));
        }
        Ok(())
    }

    fn declare_falsely(&mut self, file: &CorpusFile, declared: &MediaType) -> Result {
        let (sniffed, _) = sniff_object(&file.object, Some(declared))?;
        self.false_declarations += 1;
        if agree(declared, None, &sniffed) == Agreement::Agrees {
            self.false_accepts += 1;
            self.misses.push(format!("false accept: {} as {declared}, {}", file.expected, file.name));
        }
        Ok(())
    }
}
