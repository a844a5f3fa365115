//! The validator's view: who is refused though honest, and who gets through with a lie.
//!
//! Every real file of a core type is declared as what it is, then as each other core type; each time it is looked at
//! anew, for what is verified depends on the claim.

use std::collections::{BTreeMap, BTreeSet};

use content_sniff::MediaType;
use content_sniff::{Agreement, agree};
use policy::content_rules::{ContentRules, apply_rules};

use super::Specimen;
use super::grading::Grading;
use crate::Outcome;
use crate::corpus::look;
use crate::report::{Report, note};

/// The limits, in per cent.
const FALSE_REJECT: f64 = 1.5;
const FALSE_ACCEPT: f64 = 0.03;

/// What was counted.
#[derive(Default)]
struct Seen {
    honest: u32,
    refused: u32,
    lies: u32,
    believed: u32,
    /// True declarations that the standard rules reject, and why.
    validated: u32,
    reasons: BTreeMap<&'static str, u32>,
    /// Every case that went wrong, in words.
    misses: Vec<String>,
}

/// Prints and judges both rates.
pub(super) fn measure(grading: &Grading, real: &[Specimen], misses: bool, report: &mut Report) -> Outcome {
    let files: Vec<&Specimen> = real.iter().filter(|one| one.core).collect();
    let mut kinds = BTreeMap::new();
    for kind in files.iter().map(|one| one.expected.as_str()).collect::<BTreeSet<_>>() {
        kinds.insert(kind, MediaType::parse(kind).map_err(|e| format!("{kind:?} is no media type: {e}"))?);
    }
    let mut seen = Seen::default();
    for one in files {
        for (kind, claim) in &kinds {
            if *kind == one.expected {
                seen.honest(one, claim)?;
            } else if !grading.same(&one.expected, kind) && !grading.same(kind, &one.expected) {
                seen.lie(one, claim)?;
            }
        }
    }
    if misses {
        seen.misses.iter().for_each(|miss| note(miss));
    }
    let share = |part: u32, whole: u32| if whole == 0 { 0.0 } else { 100.0 * f64::from(part) / f64::from(whole) };
    note(&format!(
        "of {} true declarations of core types the rules of class default reject {}: {:?}",
        seen.honest, seen.validated, seen.reasons
    ));
    let (reject, accept) = (share(seen.refused, seen.honest), share(seen.believed, seen.lies));
    let figure = format!("{reject:.2} % ({} of {})", seen.refused, seen.honest);
    report.limit("false reject", reject <= FALSE_REJECT, &figure, &format!("≤ {FALSE_REJECT} %"));
    let figure = format!("{accept:.4} % ({} of {})", seen.believed, seen.lies);
    report.limit("false accept", accept <= FALSE_ACCEPT, &figure, &format!("≤ {FALSE_ACCEPT} %"));
    Ok(())
}

impl Seen {
    fn honest(&mut self, one: &Specimen, claim: &MediaType) -> Outcome {
        let (sniffed, _) = look(&one.object, Some(claim))?;
        self.honest += 1;
        let relation = agree(claim, None, &sniffed);
        if relation != Agreement::Agrees {
            self.refused += 1;
            self.misses
                .push(format!("false reject: {claim} seen as {}, {relation:?}, {}", sniffed.media_type, one.name));
        }
        let outcome = apply_rules(&ContentRules::standard(), claim, None, &sniffed);
        self.validated += u32::from(!outcome.rejected.is_empty());
        for (code, detail) in outcome.rejected {
            *self.reasons.entry(code).or_default() += 1;
            self.misses.push(format!("rejected: {claim}, {code} ({detail}), {}", one.name));
        }
        Ok(())
    }

    fn lie(&mut self, one: &Specimen, claim: &MediaType) -> Outcome {
        let (sniffed, _) = look(&one.object, Some(claim))?;
        self.lies += 1;
        if agree(claim, None, &sniffed) == Agreement::Agrees {
            self.believed += 1;
            self.misses.push(format!("false accept: {} as {claim}, {}", one.expected, one.name));
        }
        Ok(())
    }
}
