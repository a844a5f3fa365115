//! Office Open XML packages.
//!
//! `[Content_Types].xml` decides the type. Entry names tell a workbook from a document, but not a document with macros
//! from one without.

use super::directory::Directory;
use super::unpack::{Importance, unpack};
use crate::bytes::{contains_any, find, find_ignore_case, has_at, slice_at, to_u64};
use crate::data::{Table, table};
use crate::readers::prelude::*;

/// The maximum number of bytes unpacked from `[Content_Types].xml`: thousands of parts.
const MAX_CONTENT_TYPES_BYTES: usize = 256 * 1024;

/// The maximum number of bytes unpacked from a list of relations.
const MAX_RELATIONS_BYTES: usize = 64 * 1024;

/// Content types of main parts, the media types of their packages, and those of the same packages with macros.
static PACKAGES: Table<[&str; 3]> = Table::new(|| table(include_str!("../../../data/office-packages.tsv")));

/// Sets the type from the list of content types. `false` if it has no known main part.
pub(crate) fn identify(source: &Source, directory: &Directory<'_>, report: &mut Report) -> Result<bool, MissingRange> {
    let Some(entry) = directory.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(b"[Content_Types].xml"))
    else {
        return Ok(false);
    };
    let Some(types) = unpack(source, entry, MAX_CONTENT_TYPES_BYTES, Importance::Required)? else { return Ok(false) };
    // The standard allows UTF-16, and some producers write it. All names here are ASCII.
    let types = if has_at(&types, 0, b"\xff\xfe") || has_at(&types, 0, b"\xfe\xff") {
        types.into_iter().filter(|&b| b != 0).collect()
    } else {
        types
    };
    let Some(&[content, kind, with_macros]) = main_part(&types) else { return Ok(false) };
    let kind = if has_project(directory, &types) { with_macros } else { kind };
    report.set_type_with_parent(kind, "application/zip", Confidence::Structural);
    add_findings(source, directory, &types, report)?;
    if part_names(&types, content).is_some_and(|names| !names.iter().any(|name| has_part(directory, name))) {
        report.add_finding(FindingCode::Stub, "the main part is missing or empty");
    }
    Ok(true)
}

/// The row of the first known main part. Whole attribute values are compared, because the glossary's content type has the
/// same start as the document's.
fn main_part(types: &[u8]) -> Option<&'static [&'static str; 3]> {
    PACKAGES.iter().find(|[content, ..]| has_attribute_value(types, content))
}

/// Whether the package has a VBA project: a part with its usual name, or a part with its content type. Producers write
/// only one of both, or leave the main part's type unchanged. Some list the type of `.bin` without any such part.
fn has_project(directory: &Directory<'_>, types: &[u8]) -> bool {
    const PROJECT: &str = "application/vnd.ms-office.vbaProject";
    let holds = |name: &[u8], needle: &[u8]| find_ignore_case(name, needle).is_some();
    if directory.any_name(|name| holds(name, b"vbaproject")) {
        return true;
    }
    match part_names(types, PROJECT) {
        Some(names) => names.iter().any(|name| has_part(directory, name)),
        // The default type of an extension. Other parts with the extension have types of their own.
        None => {
            has_attribute_value(types, PROJECT)
                && directory.any_name(|name| {
                    let other =
                        [&b"printersettings"[..], b"oleobject", b"activex"].iter().any(|part| holds(name, part));
                    name.to_ascii_lowercase().ends_with(b".bin") && !other
                })
        }
    }
}

/// The names of the parts with this content type. `None` if it is the default for an extension.
fn part_names(types: &[u8], content: &str) -> Option<Vec<Vec<u8>>> {
    let content = content.to_ascii_lowercase();
    let elements = types.split(|&b| b == b'<').filter(|element| has_attribute_value(element, &content));
    let names: Vec<Vec<u8>> = elements
        .map(|element| {
            let at = find(element, b"PartName")?;
            let rest = slice_at(element, at + 8, element.len());
            let start = rest.iter().position(|b| matches!(b, b'"' | b'\''))?;
            let value = slice_at(rest, start + 1, rest.len());
            let end = value.iter().position(|b| matches!(b, b'"' | b'\''))?;
            Some(slice_at(value, 0, end).to_vec())
        })
        .collect::<Option<_>>()?;
    (!names.is_empty()).then_some(names)
}

/// Whether the package contains a part with content. Part names begin with a slash and ignore case.
fn has_part(directory: &Directory<'_>, name: &[u8]) -> bool {
    let name = name.strip_prefix(b"/").unwrap_or(name);
    // Producers escape characters in names, and some write backslashes.
    let is_same = |entry: &[u8]| {
        let entry = entry.strip_prefix(b"/").unwrap_or(entry);
        entry.len() == name.len()
            && entry.iter().zip(name).all(|(a, b)| a.eq_ignore_ascii_case(b) || (*a == b'\\' && *b == b'/'))
    };
    name.contains(&b'%') || directory.entries.iter().any(|entry| entry.unpacked > 0 && is_same(entry.name))
}

fn has_attribute_value(types: &[u8], value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let mut rest = types;
    while let Some(at) = find_ignore_case(rest, value.as_bytes()) {
        let before = at.checked_sub(1).and_then(|at| rest.get(at));
        if matches!(before, Some(b'"' | b'\'')) && matches!(rest.get(at + value.len()), Some(b'"' | b'\'')) {
            return true;
        }
        rest = slice_at(rest, at + value.len(), rest.len());
    }
    false
}

fn add_findings(
    source: &Source,
    directory: &Directory<'_>,
    types: &[u8],
    report: &mut Report,
) -> Result<(), MissingRange> {
    let holds = |needle: &'static [u8]| move |name: &[u8]| find_ignore_case(name, needle).is_some();
    if has_project(directory, types) {
        report.add_finding(FindingCode::Macros, "VBA project");
    } else if directory.any_name(holds(b"/macrosheets/")) || find_ignore_case(types, b"macrosheet").is_some() {
        report.add_finding(FindingCode::Macros, "Excel 4 macro sheet");
    }
    if directory.any_name(holds(b"/activex/")) {
        report.add_finding(FindingCode::EmbeddedObject, "ActiveX controls");
    } else if directory.any_name(holds(b"oleobject")) {
        report.add_finding(FindingCode::EmbeddedObject, "OLE objects");
    }
    // Few documents have this part, so the read is rare.
    if let Some(entry) = directory.named("word/_rels/settings.xml.rels") {
        let relations = unpack(source, entry, MAX_RELATIONS_BYTES, Importance::Optional)?;
        if relations.is_some_and(|text| find(&text, b"attachedTemplate").is_some() && has_remote_target(&text)) {
            report.add_finding(FindingCode::RemoteTemplate, "the template is on a server");
        }
    }
    // Every document has these parts, so they are checked only if they have been read already.
    for name in ["word/_rels/document.xml.rels", "xl/_rels/workbook.xml.rels", "ppt/_rels/presentation.xml.rels"] {
        let Some(entry) = directory.named(name) else { continue };
        let span = entry.packed.saturating_add(30 + 512);
        if to_u64(source.peek(entry.offset, span).len()) < span {
            continue;
        }
        if unpack(source, entry, MAX_RELATIONS_BYTES, Importance::Optional)?
            .is_some_and(|text| loads_remote_object(&text))
        {
            report.add_finding(FindingCode::ExternalReference, "an object is loaded from a server");
        }
    }
    Ok(())
}

/// Whether a target is on a server. Templates on the author's disk are common; a template on a server can bring macros
/// into a document without any.
fn has_remote_target(text: &[u8]) -> bool {
    [&b"\"http://"[..], b"\"https://", b"\"ftp://", b"\"file://///", b"\"\\\\", b"\"mhtml:"]
        .iter()
        .any(|start| find_ignore_case(text, start).is_some())
}

/// Whether an external relation is loaded without a click. Hyperlinks and pictures do not count.
fn loads_remote_object(text: &[u8]) -> bool {
    text.split(|&b| b == b'<').any(|element| {
        find(element, b"TargetMode=\"External\"").is_some()
            && contains_any(element, &[b"/oleObject\"", b"/frame\"", b"/attachedTemplate\"", b"/subDocument\""])
            && has_remote_target(element)
    })
}
