//! The format of a ZIP package, by its `mimetype` entry, its list of content types, or its entry names.

use super::directory::{Directory, Entry};
use super::office;
use super::unpack::{Importance, preview, unpack};
use crate::bytes::{find, has_at, le16, le32, slice_at};
use crate::data::{Table, lines};
use crate::readers::prelude::*;

/// Types that a `mimetype` entry can declare. Other values are ignored, because the entry is untrusted.
static MIMETYPES: Table<&str> = Table::new(|| lines(include_str!("../../../data/mimetype-entries.txt")));

/// Sets the type from the directory. It remains `application/zip` for other archives.
pub(crate) fn identify(source: &Source, directory: &Directory<'_>, report: &mut Report) -> Result<(), MissingRange> {
    let zip = "application/zip";
    let declared = match directory.named("mimetype") {
        Some(entry) => unpack(source, entry, 128, Importance::Required)?,
        None => None,
    };
    let kind = match declared.as_deref().and_then(known_mimetype) {
        None => manifest_type(source, directory)?,
        kind => kind,
    };
    if let Some(kind) = kind {
        report.set_type_with_parent(kind, zip, Confidence::Structural);
        add_opendocument_findings(directory, report);
        if (kind.contains("opendocument") || kind.contains("sun.xml"))
            && !directory.entries.iter().any(|entry| entry.name == b"content.xml" && entry.unpacked > 0)
            && !directory.any_name(|name| name == b"encrypted-package")
        {
            report.add_finding(FindingCode::Stub, "no content.xml");
        }
        return Ok(());
    }
    if office::identify(source, directory, report)? {
        return Ok(());
    }
    let has_name = |name: &str| directory.named(name).is_some();
    let holds = |needle: &'static [u8]| directory.any_name(|name| find(name, needle).is_some());
    let starts = |needle: &'static [u8]| directory.any_name(|name| has_at(name, 0, needle));
    let iwork = match iwork_2009(source, directory)? {
        None => iwork(source, directory)?,
        kind => kind,
    };
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
        () if is_java_archive(source, directory) => "application/java-archive",
        () if has_name("META-INF/container.xml") => "application/epub+zip",
        () if has_name("META-INF/") && directory.entries.iter().all(|entry| has_at(entry.name, 0, b"META-INF/")) => {
            "application/java-archive"
        }
        () if iwork.is_some() => iwork.unwrap_or(zip),
        () if directory.any_name(|name| name.ends_with(b".kml") && !name.contains(&b'/')) => {
            "application/vnd.google-earth.kmz"
        }
        () if directory.any_name(|name| name.ends_with(b".class"))
            && directory.entries.iter().all(|entry| entry.name.ends_with(b".class") || entry.name.ends_with(b"/")) =>
        {
            "application/java-archive"
        }
        () => return Ok(()),
    };
    report.set_type_with_parent(kind, zip, Confidence::Structural);
    // The hint of a password, or the value that checks it.
    if iwork.is_some() && (holds(b".iwph") || holds(b".iwpv")) {
        report.add_finding(FindingCode::Encrypted, "the document has a password");
    }
    if matches!(
        kind,
        "application/java-archive" | "application/vnd.android.package-archive" | "application/x-xpinstall"
    ) {
        report.add_finding(FindingCode::Executable, "Java, Android or browser extension package");
    }
    Ok(())
}

/// Whether an archive is a Java archive: programs that read it as a stream need the manifest first or after its folder,
/// and the `jar` tool marks the first entry (0xCAFE). Other archives with a manifest contain classes.
fn is_java_archive(source: &Source, directory: &Directory<'_>) -> bool {
    const MANIFEST: &[u8] = b"META-INF/MANIFEST.MF";
    let has_manifest = |entries: &[Entry<'_>]| entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(MANIFEST));
    let first = source.peek(0, 256);
    let name = le16(first, 26).map_or(0, usize::from);
    has_manifest(directory.entries.get(..2).unwrap_or(&directory.entries))
        || (has_at(first, 0, b"PK\x03\x04") && has_at(first, 30 + name, b"\xfe\xca"))
        || (has_manifest(&directory.entries) && directory.any_name(|name| name.ends_with(b".class")))
}

/// The type of the root in the manifest of an `OpenDocument` or `StarOffice` package, which can lack a `mimetype` entry
/// (OASIS `OpenDocument` 1.3 part 2, section 3.2, 2021).
fn manifest_type(source: &Source, directory: &Directory<'_>) -> Result<Option<&'static str>, MissingRange> {
    let Some(entry) = directory.named("META-INF/manifest.xml").filter(|_| directory.named("content.xml").is_some())
    else {
        return Ok(None);
    };
    let Some(text) = unpack(source, entry, 16 * 1024, Importance::Required)? else { return Ok(None) };
    let root = text.split(|&b| b == b'<').find(|element| find(element, b"full-path=\"/\"").is_some());
    Ok(root.and_then(|element| {
        let known = |kind: &&&str| find(element, format!("media-type=\"{kind}\"").as_bytes()).is_some();
        MIMETYPES.iter().find(known).copied()
    }))
}

fn known_mimetype(text: &[u8]) -> Option<&'static str> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
    MIMETYPES.iter().find(|kind| kind.as_bytes() == text).copied()
}

fn add_opendocument_findings(directory: &Directory<'_>, report: &mut Report) {
    if directory.any_name(|name| {
        (has_at(name, 0, b"Basic/") || has_at(name, 0, b"Scripts/"))
            && name.ends_with(b".xml")
            && find(name, b"-lc.xml").is_none()
            && find(name, b"-lb.xml").is_none()
    }) {
        report.add_finding(FindingCode::Macros, "OpenDocument macros");
    }
}

/// The iWork format. The three programs use one layout, so the first message of the document decides, and parts that
/// only one of them writes.
fn iwork(source: &Source, directory: &Directory<'_>) -> Result<Option<&'static str>, MissingRange> {
    const KEYNOTE: &str = "application/vnd.apple.keynote";
    const NUMBERS: &str = "application/vnd.apple.numbers";
    const PAGES: &str = "application/vnd.apple.pages";
    let holds = |needle: &'static [u8]| directory.any_name(|name| find(name, needle).is_some());
    if holds(b"index.apxl") || holds(b"presentation.apxl") {
        return Ok(Some(KEYNOTE));
    }
    let document = directory.entries.iter().find(|entry| entry.name.ends_with(b"Index/Document.iwa"));
    if document.is_none() && !holds(b"Index.zip") {
        return Ok(None);
    }
    // A document can be a folder. Then the archive contains the folder with its extension.
    let folders: [(&[u8], _); 3] = [(b".numbers/", NUMBERS), (b".key/", KEYNOTE), (b".pages/", PAGES)];
    if let Some((_, kind)) = folders.into_iter().find(|(folder, _)| holds(folder)) {
        return Ok(Some(kind));
    }
    if holds(b"Index/Slide") || holds(b"MasterSlide") || holds(b"TemplateSlide") {
        return Ok(Some(KEYNOTE));
    }
    let start = match document {
        Some(entry) => preview(source, entry, 64)?.unwrap_or_default(),
        None => Vec::new(),
    };
    // The header of object 1 (08 01) has a message (12 and a length) of a type (08): 10,000 in Pages, 1 in Numbers. A
    // document with a password has no readable header.
    let kind = find(&start, b"\x08\x01\x12").map(|at| slice_at(&start, at + 4, 3));
    Ok(Some(match kind {
        Some([8, 0x90, 0x4e]) => PAGES,
        Some([8, 1, _]) => NUMBERS,
        _ if holds(b"CalculationEngine") && !holds(b"Index/Section") && !holds(b"ThemeStylesheet-") => NUMBERS,
        _ => PAGES,
    }))
}

/// The iWork '09 format. All programs use the name `index.xml`; the root element decides.
fn iwork_2009(source: &Source, directory: &Directory<'_>) -> Result<Option<&'static str>, MissingRange> {
    let Some(entry) = directory.named("index.xml").filter(|_| directory.named("buildVersionHistory.plist").is_some())
    else {
        return Ok(None);
    };
    let Some(start) = preview(source, entry, 1024)? else { return Ok(None) };
    Ok(match () {
        () if find(&start, b"<ls:document").is_some() => Some("application/vnd.apple.numbers"),
        () if find(&start, b"<sl:document").is_some() => Some("application/vnd.apple.pages"),
        () if find(&start, b"<key:presentation").is_some() => Some("application/vnd.apple.keynote"),
        () => None,
    })
}

/// Sets the type from the local headers of an archive without a readable directory.
pub(crate) fn guess(head: &[u8], report: &mut Report) {
    let mut at = 0usize;
    let mut names: Vec<&[u8]> = Vec::new();
    while has_at(head, at, b"PK\x03\x04") && names.len() < 256 {
        let (Some(name), Some(extra), Some(packed)) = (le16(head, at + 26), le16(head, at + 28), le32(head, at + 18))
        else {
            break;
        };
        let start = at + 30;
        let text = slice_at(head, start, name.into());
        if text == b"mimetype" {
            let data = slice_at(head, start + usize::from(name) + usize::from(extra), packed.try_into().unwrap_or(0));
            if let Some(kind) = known_mimetype(data) {
                report.set_type_with_parent(kind, "application/zip", Confidence::Heuristic);
                return;
            }
        }
        names.push(text);
        at = start
            .saturating_add(usize::from(name) + usize::from(extra))
            .saturating_add(packed.try_into().unwrap_or(usize::MAX));
    }
    let starts = |needle: &[u8]| names.iter().any(|name| has_at(name, 0, needle));
    let kind = match () {
        () if starts(b"word/") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        () if starts(b"xl/") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        () if starts(b"ppt/") => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        () if starts(b"AndroidManifest.xml") => "application/vnd.android.package-archive",
        () if starts(b"META-INF/MANIFEST.MF") => "application/java-archive",
        () => return,
    };
    report.set_type_with_parent(kind, "application/zip", Confidence::Heuristic);
}
