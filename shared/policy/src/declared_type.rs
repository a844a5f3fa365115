//! The type of an upload before its bytes are known.
//!
//! Browsers guess the type of a file from its extension and from the registry of that machine. What they declare is a
//! hint: a missing, generic or wrong-for-the-extension guess is replaced by the type of the extension, before the policy is
//! asked. A class with `"declared": "exact"` takes the declared type as it is.

use std::collections::HashSet;
use std::sync::LazyLock;

use content_sniff::{MediaType, is_generic, is_more_general, is_same_type, is_type_of_extension, type_of_extension};

use crate::policy::class::{Class, DeclaredType};
use crate::type_pattern::Family;

/// What browsers and systems are known to declare for an extension besides the names of its type: one line each with
/// extension, declared type and source.
const GUESSES: &str = include_str!("../data/declared-types.tsv");

/// Types that carry no information, besides those of [`is_generic`]. Download managers and old servers send them.
const MORE_GENERIC: &[&str] = &["application/force-download", "application/download", "application/x-download"];

/// The type to grant for a file: the declared one, or that of the extension. `None` if neither says anything.
///
/// `extension` is in lower case without the dot.
#[must_use]
pub fn resolve(class: &Class, declared: Option<&MediaType>, extension: Option<&str>) -> Option<MediaType> {
    if class.declared == DeclaredType::Exact {
        return declared.cloned();
    }
    let informative = declared.filter(|declared| !is_uninformative(declared.essence()));
    let fits = |kind: &MediaType| class.rule_for(kind).is_some_and(|rule| rule.allows_extension(extension));
    let by_extension = extension.and_then(|extension| type_in_class(class, extension));
    let is_known_guess = |kind: &MediaType| {
        by_extension.as_ref().is_some_and(|usual| usual.essence() != kind.essence())
            && extension.is_some_and(|extension| is_listed(extension, kind.essence()))
    };
    if let Some(kind) = informative.filter(|kind| fits(kind) && !is_known_guess(kind)) {
        return Some(kind.clone());
    }
    match (informative, by_extension) {
        (None, Some(usual)) => Some(usual),
        (Some(kind), Some(usual)) if extension.is_some_and(|extension| is_guess(extension, kind.essence(), &usual)) => {
            Some(usual)
        }
        (Some(kind), _) => Some(known_name(class, kind)),
        // A class may allow any bytes. Otherwise the refusal names the type of the extension.
        (None, None) => declared
            .filter(|kind| fits(kind))
            .cloned()
            .or_else(|| MediaType::parse(type_of_extension(extension?)?).ok())
            .or_else(|| declared.cloned()),
    }
}

fn is_uninformative(kind: &str) -> bool {
    is_generic(kind) || MORE_GENERIC.contains(&kind)
}

/// The type of an extension, if the class allows it. `extension` is in lower case without the dot.
#[must_use]
pub fn type_in_class(class: &Class, extension: &str) -> Option<MediaType> {
    let usual = MediaType::parse(type_of_extension(extension)?).ok()?;
    let usual = known_name(class, &usual);
    class.rule_for(&usual).is_some_and(|rule| rule.allows_extension(Some(extension))).then_some(usual)
}

/// The type under the name that the class lists. Parameters are kept only with the declared name.
fn known_name(class: &Class, kind: &MediaType) -> MediaType {
    if class.rule_for(kind).is_some() {
        return kind.clone();
    }
    let names = class.rules.iter().flat_map(|rule| &rule.types).flat_map(|pattern| pattern.names());
    let same = names.into_iter().find(|name| is_same_type(name, kind.essence()));
    same.and_then(|name| MediaType::parse(name).ok()).unwrap_or_else(|| kind.clone())
}

/// Whether `declared` is a type that browsers send for files with this extension, whose usual type is `usual`.
fn is_guess(extension: &str, declared: &str, usual: &MediaType) -> bool {
    let usual = usual.essence();
    is_type_of_extension(extension, declared)
        || is_same_type(declared, usual)
        || is_more_general(declared, usual)
        // Every text format is plain text too.
        || declared == "text/plain" && Family::is_textual(usual)
        || is_listed(extension, declared)
}

/// Whether the list of guesses has this one. The list is read once: a search in its text takes as long as signing a URL.
fn is_listed(extension: &str, declared: &str) -> bool {
    static LISTED: LazyLock<HashSet<(&str, &str)>> =
        LazyLock::new(|| guesses().map(|(extension, guess, _)| (extension, guess)).collect());
    LISTED.contains(&(extension, declared))
}

/// Extension, declared type and source of every known guess.
pub fn guesses() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    GUESSES.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut fields = line.splitn(3, '\t');
        Some((fields.next()?, fields.next()?, fields.next()?))
    })
}

#[cfg(test)]
mod tests;
