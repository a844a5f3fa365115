//! Office Open XML: the type stands in `[Content_Types].xml`, and only there. File names tell a workbook from a
//! document, but not one with macros from one without: `cargo xtask bench sniff` counts those told apart.

use super::directory::Directory;
use super::unpack;
use crate::sniff::bytes::{find, find_nocase, has, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source};
use crate::sniff::{Confidence, FindingCode};

/// The longest `[Content_Types].xml` unpacked: thousands of parts.
const TYPES: usize = 256 * 1024;

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const SLIDES: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// The main part's content type and the media type of a package that has it (ECMA-376 part 1, 2016, and [MS-OFFMACRO2]).
const MAIN: &[(&str, &str)] = &[
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml", WORD),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    ),
    ("application/vnd.ms-word.document.macroEnabled.main+xml", "application/vnd.ms-word.document.macroEnabled.12"),
    (
        "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
        "application/vnd.ms-word.template.macroEnabled.12",
    ),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", SHEET),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
    ),
    ("application/vnd.ms-excel.sheet.macroEnabled.main+xml", "application/vnd.ms-excel.sheet.macroEnabled.12"),
    ("application/vnd.ms-excel.template.macroEnabled.main+xml", "application/vnd.ms-excel.template.macroEnabled.12"),
    ("application/vnd.ms-excel.addin.macroEnabled.main+xml", "application/vnd.ms-excel.addin.macroEnabled.12"),
    (
        "application/vnd.ms-excel.sheet.binary.macroEnabled.main",
        "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    ),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml", SLIDES),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml",
        "application/vnd.openxmlformats-officedocument.presentationml.template",
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
    ),
    (
        "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
        "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    ),
    (
        "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
        "application/vnd.ms-powerpoint.slideshow.macroEnabled.12",
    ),
    (
        "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
        "application/vnd.ms-powerpoint.template.macroEnabled.12",
    ),
    (
        "application/vnd.ms-powerpoint.addin.macroEnabled.main+xml",
        "application/vnd.ms-powerpoint.addin.macroEnabled.12",
    ),
    ("application/vnd.ms-visio.drawing.main+xml", "application/vnd.ms-visio.drawing.main+xml"),
    (
        "application/vnd.ms-visio.drawing.macroEnabled.main+xml",
        "application/vnd.ms-visio.drawing.macroEnabled.main+xml",
    ),
    ("application/vnd.ms-visio.template.main+xml", "application/vnd.ms-visio.template.main+xml"),
    ("application/vnd.ms-visio.stencil.main+xml", "application/vnd.ms-visio.stencil.main+xml"),
    ("application/vnd.ms-package.xps-fixeddocumentsequence+xml", "application/vnd.ms-xpsdocument"),
    ("application/oxps-fixeddocumentsequence+xml", "application/vnd.ms-xpsdocument"),
    ("application/vnd.ms-package.3dmanufacturing-3dmodel+xml", "model/3mf"),
];

/// Reads the package's list of types; whether it was one this table knows.
pub(super) fn identify(source: &Source, directory: &Directory<'_>, report: &mut Report) -> Result<bool, Need> {
    let Some(entry) = directory.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(b"[Content_Types].xml"))
    else {
        return Ok(false);
    };
    let Some(types) = unpack(source, entry, TYPES, true)? else { return Ok(false) };
    // Some producers write the list in UTF-16, which the standard allows.
    let types = if has(&types, 0, b"\xff\xfe") || has(&types, 0, b"\xfe\xff") {
        types.into_iter().filter(|&b| b != 0).collect()
    } else {
        types
    };
    let Some(kind) = main_type(&types) else { return Ok(false) };
    report.is_kind_of(kind, "application/zip", Confidence::Structural);
    findings(source, directory, &types, report)?;
    Ok(true)
}

/// The value of an attribute is compared whole: `…document.main+xml` also begins the glossary's type.
fn main_type(types: &[u8]) -> Option<&'static str> {
    MAIN.iter().find(|(content, _)| quoted(types, content)).map(|(_, kind)| *kind)
}

fn quoted(types: &[u8], value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let mut rest = types;
    while let Some(at) = find_nocase(rest, value.as_bytes()) {
        let before = at.checked_sub(1).and_then(|at| rest.get(at));
        if matches!(before, Some(b'"' | b'\'')) && matches!(rest.get(at + value.len()), Some(b'"' | b'\'')) {
            return true;
        }
        rest = part(rest, at + value.len(), rest.len());
    }
    false
}

fn findings(source: &Source, directory: &Directory<'_>, types: &[u8], report: &mut Report) -> Result<(), Need> {
    let holds = |needle: &'static [u8]| move |name: &[u8]| find_nocase(name, needle).is_some();
    if directory.any(holds(b"vbaproject")) || find_nocase(types, b"vnd.ms-office.vbaproject").is_some() {
        report.find(FindingCode::Macros, "a VBA project");
    } else if directory.any(holds(b"/macrosheets/")) || find_nocase(types, b"macrosheet").is_some() {
        report.find(FindingCode::Macros, "an Excel 4 macro sheet");
    }
    if directory.any(holds(b"/activex/")) {
        report.find(FindingCode::EmbeddedObject, "ActiveX controls");
    } else if directory.any(holds(b"oleobject")) {
        report.find(FindingCode::EmbeddedObject, "OLE objects");
    }
    // Exists only where settings refer to something outside themselves, so the read is rare.
    if let Some(entry) = directory.named("word/_rels/settings.xml.rels") {
        let relations = unpack(source, entry, 64 * 1024, false)?;
        if relations.is_some_and(|text| find(&text, b"attachedTemplate").is_some() && remote(&text)) {
            report.find(FindingCode::RemoteTemplate, "a template from elsewhere");
        }
    }
    // The main parts' relations are in every document: looked at only where they have been read anyway.
    for name in ["word/_rels/document.xml.rels", "xl/_rels/workbook.xml.rels", "ppt/_rels/presentation.xml.rels"] {
        let Some(entry) = directory.named(name) else { continue };
        let span = entry.packed.saturating_add(30 + 512);
        if crate::sniff::bytes::size(source.peek(entry.offset, span).len()) < span {
            continue;
        }
        if unpack(source, entry, 64 * 1024, false)?.is_some_and(|text| remote_object(&text)) {
            report.find(FindingCode::ExternalReference, "an object from elsewhere");
        }
    }
    Ok(())
}

/// A template on the author's own disk is ordinary; one on a server is how documents without macros get some.
fn remote(text: &[u8]) -> bool {
    [&b"\"http://"[..], b"\"https://", b"\"ftp://", b"\"file://///", b"\"\\\\", b"\"mhtml:"]
        .iter()
        .any(|start| find_nocase(text, start).is_some())
}

/// An external relation of a kind that is loaded without a click: not a hyperlink, not a picture.
fn remote_object(text: &[u8]) -> bool {
    text.split(|&b| b == b'<').any(|element| {
        find(element, b"TargetMode=\"External\"").is_some()
            && [&b"/oleObject\""[..], b"/frame\"", b"/attachedTemplate\"", b"/subDocument\""]
                .iter()
                .any(|kind| find(element, kind).is_some())
            && remote(element)
    })
}
