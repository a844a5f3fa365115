//! Which kind of package an archive is: by its `mimetype`, its list of content types, or the names it can't be without.

use super::directory::Directory;
use super::{office, unpack};
use crate::sniff::bytes::{find, has, le16, le32, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source};
use crate::sniff::{Confidence, FindingCode};

/// Types a `mimetype` entry may name. A list, not whatever stands there: the text is the uploader's.
const MIMETYPES: &[&str] = &[
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.text-template",
    "application/vnd.oasis.opendocument.text-master",
    "application/vnd.oasis.opendocument.text-web",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.spreadsheet-template",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.presentation-template",
    "application/vnd.oasis.opendocument.graphics",
    "application/vnd.oasis.opendocument.graphics-template",
    "application/vnd.oasis.opendocument.chart",
    "application/vnd.oasis.opendocument.formula",
    "application/vnd.oasis.opendocument.image",
    "application/vnd.oasis.opendocument.base",
    "application/vnd.oasis.opendocument.database",
    "application/vnd.sun.xml.writer",
    "application/vnd.sun.xml.writer.template",
    "application/vnd.sun.xml.calc",
    "application/vnd.sun.xml.calc.template",
    "application/vnd.sun.xml.impress",
    "application/vnd.sun.xml.draw",
    "application/vnd.sun.xml.math",
    "application/epub+zip",
    "application/hwp+zip",
    "application/vnd.etsi.asic-e+zip",
    "application/vnd.etsi.asic-s+zip",
    "application/x-krita",
    "application/vnd.adobe.indesign-idml-package",
    "image/openraster",
];

/// Names the package, once its directory is known.
pub(super) fn identify(source: &Source, directory: &Directory<'_>, report: &mut Report) -> Result<(), Need> {
    let zip = "application/zip";
    let stated = match directory.named("mimetype") {
        Some(entry) => unpack(source, entry, 128, true)?,
        None => None,
    };
    if let Some(kind) = stated.as_deref().and_then(listed) {
        report.is_kind_of(kind, zip, Confidence::Structural);
        opendocument(directory, report);
        return Ok(());
    }
    if office::identify(source, directory, report)? {
        return Ok(());
    }
    let has_name = |name: &str| directory.named(name).is_some();
    let holds = |needle: &'static [u8]| directory.any(|name| find(name, needle).is_some());
    let starts = |needle: &'static [u8]| directory.any(|name| has(name, 0, needle));
    let older_apple = older_apple(source, directory)?;
    let kind = match () {
        () if has_name("AndroidManifest.xml")
            && (has_name("classes.dex") || has_name("resources.arsc") || starts(b"META-INF/")) =>
        {
            "application/vnd.android.package-archive"
        }
        () if has_name("META-INF/mozilla.rsa")
            || has_name("install.rdf")
            || (has_name("manifest.json") && holds(b"META-INF/")) =>
        {
            "application/x-xpinstall"
        }
        () if has_name("META-INF/MANIFEST.MF") => "application/java-archive",
        () if has_name("META-INF/container.xml") => "application/epub+zip",
        () if has_name("META-INF/") && directory.entries.iter().all(|entry| has(entry.name, 0, b"META-INF/")) => {
            "application/java-archive"
        }
        () if older_apple.is_some() => older_apple.unwrap_or(zip),
        () if apple(directory).is_some() => apple(directory).unwrap_or(zip),
        () if directory.any(|name| name.ends_with(b".kml") && !name.contains(&b'/')) => {
            "application/vnd.google-earth.kmz"
        }
        () if directory.any(|name| name.ends_with(b".class"))
            && directory.entries.iter().all(|entry| entry.name.ends_with(b".class") || entry.name.ends_with(b"/")) =>
        {
            "application/java-archive"
        }
        () => return Ok(()),
    };
    report.is_kind_of(kind, zip, Confidence::Structural);
    if matches!(
        kind,
        "application/java-archive" | "application/vnd.android.package-archive" | "application/x-xpinstall"
    ) {
        report.find(FindingCode::Executable, "a program package");
    }
    Ok(())
}

fn listed(text: &[u8]) -> Option<&'static str> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
    MIMETYPES.iter().find(|kind| kind.as_bytes() == text).copied()
}

fn opendocument(directory: &Directory<'_>, report: &mut Report) {
    if directory.any(|name| {
        (has(name, 0, b"Basic/") || has(name, 0, b"Scripts/"))
            && name.ends_with(b".xml")
            && find(name, b"-lc.xml").is_none()
            && find(name, b"-lb.xml").is_none()
    }) {
        report.find(FindingCode::Macros, "OpenDocument macros");
    }
}

/// iWork: three programs, one layout, told apart by parts only one of them writes.
fn apple(directory: &Directory<'_>) -> Option<&'static str> {
    let holds = |needle: &'static [u8]| directory.any(|name| find(name, needle).is_some());
    let modern = holds(b"Index/Document.iwa") || holds(b"Index.zip");
    match () {
        () if directory.named("index.apxl").is_some() || directory.named("presentation.apxl").is_some() => {
            Some("application/vnd.apple.keynote")
        }
        () if modern && (holds(b"Index/Slide") || holds(b"MasterSlide")) => Some("application/vnd.apple.keynote"),
        () if modern
            && holds(b"Index/CalculationEngine")
            && holds(b"Index/Tables/")
            && !holds(b"Index/Section")
            && holds(b"Sheet") =>
        {
            Some("application/vnd.apple.numbers")
        }
        () if modern
            && holds(b"CalculationEngine")
            && !holds(b"SectionTemplate")
            && !holds(b"ThemeStylesheet-")
            && holds(b"Index/Tables/DataList") =>
        {
            Some("application/vnd.apple.numbers")
        }
        () if modern => Some("application/vnd.apple.pages"),
        () => None,
    }
}

/// iWork '09: Pages and Numbers have their document under the same name, and its root element's prefix tells.
fn older_apple(source: &Source, directory: &Directory<'_>) -> Result<Option<&'static str>, Need> {
    let Some(entry) = directory.named("index.xml").filter(|_| directory.named("buildVersionHistory.plist").is_some())
    else {
        return Ok(None);
    };
    let Some(start) = super::preview(source, entry, 1024)? else { return Ok(None) };
    Ok(match () {
        () if find(&start, b"<ls:document").is_some() => Some("application/vnd.apple.numbers"),
        () if find(&start, b"<sl:document").is_some() => Some("application/vnd.apple.pages"),
        () if find(&start, b"<key:presentation").is_some() => Some("application/vnd.apple.keynote"),
        () => None,
    })
}

/// Without a directory, the local headers in the head are all there is: an archive cut off is still worth a name.
pub(super) fn guess(head: &[u8], report: &mut Report) {
    let mut at = 0usize;
    let mut names: Vec<&[u8]> = Vec::new();
    while has(head, at, b"PK\x03\x04") && names.len() < 256 {
        let (Some(name), Some(extra), Some(packed)) = (le16(head, at + 26), le16(head, at + 28), le32(head, at + 18))
        else {
            break;
        };
        let start = at + 30;
        let text = part(head, start, name.into());
        if text == b"mimetype" {
            let data = part(head, start + usize::from(name) + usize::from(extra), packed.try_into().unwrap_or(0));
            if let Some(kind) = listed(data) {
                report.is_kind_of(kind, "application/zip", Confidence::Heuristic);
                return;
            }
        }
        names.push(text);
        at = start
            .saturating_add(usize::from(name) + usize::from(extra))
            .saturating_add(packed.try_into().unwrap_or(usize::MAX));
    }
    let starts = |needle: &[u8]| names.iter().any(|name| has(name, 0, needle));
    let kind = match () {
        () if starts(b"word/") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        () if starts(b"xl/") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        () if starts(b"ppt/") => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        () if starts(b"AndroidManifest.xml") => "application/vnd.android.package-archive",
        () if starts(b"META-INF/MANIFEST.MF") => "application/java-archive",
        () => return,
    };
    report.is_kind_of(kind, "application/zip", Confidence::Heuristic);
}
