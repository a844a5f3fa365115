//! XML: the root element names the type. No entity is expanded and no DTD read; that there is one is the finding.

use super::markup::begins;
use super::{WHOLE_PICTURE, decode};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source};
use crate::sniff::{Confidence, FindingCode};

/// Root elements, with a namespace that must occur where the name alone says too little.
const ROOTS: &[(&str, &str, &str)] = &[
    ("svg", "", "image/svg+xml"),
    ("html", "http://www.w3.org/1999/xhtml", "application/xhtml+xml"),
    ("html", "", "text/html"),
    ("rss", "", "application/rss+xml"),
    ("rdf", "http://purl.org/rss/1.0/", "application/rss+xml"),
    ("rdf", "", "application/rdf+xml"),
    ("feed", "http://www.w3.org/2005/atom", "application/atom+xml"),
    ("entry", "http://www.w3.org/2005/atom", "application/atom+xml"),
    ("kml", "", "application/vnd.google-earth.kml+xml"),
    ("gpx", "", "application/gpx+xml"),
    ("tt", "http://www.w3.org/ns/ttml", "application/ttml+xml"),
    ("tt", "http://www.w3.org/2006/", "application/ttml+xml"),
    ("fictionbook", "", "application/x-fictionbook+xml"),
    ("plist", "", "application/x-plist"),
    ("math", "http://www.w3.org/1998/math", "application/mathml+xml"),
    ("score-partwise", "", "application/vnd.recordare.musicxml+xml"),
    ("collada", "", "model/vnd.collada+xml"),
    ("x3d", "", "model/x3d+xml"),
    ("mpd", "urn:mpeg:dash", "application/dash+xml"),
    ("document", "opendocument.text", "application/vnd.oasis.opendocument.text-flat-xml"),
    ("document", "opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet-flat-xml"),
    ("document", "opendocument.presentation", "application/vnd.oasis.opendocument.presentation-flat-xml"),
    ("document", "opendocument.graphics", "application/vnd.oasis.opendocument.graphics-flat-xml"),
    ("stylesheet", "http://www.w3.org/1999/xsl/transform", "application/xslt+xml"),
    ("xliff", "", "application/xliff+xml"),
];

/// Reads XML; whether it was.
pub(super) fn read(source: &Source, text: &str, report: &mut Report) -> Result<bool, Need> {
    let start = text.trim_start();
    let declared = begins(start, "<?xml");
    let Some(prolog) = Prolog::of(start) else {
        if declared {
            report.is_kind_of("application/xml", "text/plain", Confidence::Heuristic);
        }
        return Ok(declared);
    };
    let root = prolog.root.to_ascii_lowercase();
    let local = root.rsplit(':').next().unwrap_or_default();
    let spaces = prolog.attributes.to_ascii_lowercase();
    let known =
        ROOTS.iter().find(|(name, space, _)| *name == local && spaces.contains(space)).map(|(_, _, kind)| *kind);
    // Without a declaration, XML must look like it: a known root, or a namespace; `<p>` in Markdown is neither.
    let kind = match known {
        Some("text/html") if !declared => return Ok(false),
        Some("application/xhtml+xml") if !declared && !prolog.public_xhtml => "text/html",
        Some(kind) => kind,
        None if declared || spaces.contains("xmlns") || (prolog.doctype && local != "html") => "application/xml",
        None if closes(start, prolog.root) && !html_like(local) => "application/xml",
        None => return Ok(false),
    };
    let parent = if matches!(kind, "application/xml" | "text/html") { "text/plain" } else { "application/xml" };
    report.is_kind_of(kind, parent, Confidence::Structural);
    if kind == "image/svg+xml" {
        picture(source, report)?;
    } else if !matches!(kind, "text/html" | "application/xhtml+xml") {
        document(text, report);
        if !source.whole() {
            report.find(FindingCode::UnscannableMiddle, "XML beyond the window");
        }
    }
    if prolog.entities {
        report.find(FindingCode::Entities, "a DTD with entities");
    }
    Ok(true)
}

/// Elements HTML has too: bare, they are a fragment of a page.
fn html_like(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "a", "p", "b", "i", "br", "hr", "h1", "h2", "h3", "h4", "div", "img", "ul", "ol", "li", "table", "font",
        "script", "style", "title", "head", "body", "html", "span", "center", "details", "summary", "picture",
        "iframe", "form", "pre", "code", "strong", "em", "template", "meta", "link", "input", "section", "article",
        "nav", "main", "header", "footer",
    ];
    NAMES.contains(&name)
}

fn closes(text: &str, root: &str) -> bool {
    text.trim_end().ends_with(&format!("</{root}>")) || text.trim_end().ends_with("/>")
}

/// What stands before the first element.
struct Prolog<'a> {
    root: &'a str,
    attributes: &'a str,
    doctype: bool,
    entities: bool,
    public_xhtml: bool,
}

impl<'a> Prolog<'a> {
    fn of(mut text: &'a str) -> Option<Self> {
        let (mut doctype, mut entities, mut public_xhtml) = (false, false, false);
        loop {
            text = text.trim_start();
            let skip = if text.starts_with("<?") {
                if begins(text, "<?php") {
                    return None;
                }
                text.find("?>")? + 2
            } else if text.starts_with("<!--") {
                text.find("-->")? + 3
            } else if begins(text, "<!doctype") {
                doctype = true;
                let end = doctype_end(text)?;
                let inner = text.get(..end)?;
                entities |= inner.to_ascii_uppercase().contains("<!ENTITY");
                public_xhtml |= inner.contains("XHTML");
                if begins(text, "<!doctype html") && !public_xhtml && !entities {
                    return None;
                }
                end
            } else {
                break;
            };
            text = text.get(skip..)?;
        }
        let inner = text.strip_prefix('<')?;
        let end = inner.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
        let root = inner.get(..end)?;
        let named = root.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && root.chars().all(|c| c.is_alphanumeric() || "_:.-".contains(c));
        let close = inner.find('>')?;
        named.then_some(Self { root, attributes: inner.get(end..close.max(end))?, doctype, entities, public_xhtml })
    }
}

/// The end of a document type declaration, its internal subset included.
fn doctype_end(text: &str) -> Option<usize> {
    let open = text.find('[');
    let close = text.find('>')?;
    match open {
        Some(open) if open < close => {
            let end = text.get(open..)?.find("]>").or_else(|| text.get(open..)?.find(']'))? + open;
            Some(end + text.get(end..)?.find('>')? + 1)
        }
        _ => Some(close + 1),
    }
}

/// An SVG is a program as much as a picture: read whole where the budget allows, and never called clean where not.
fn picture(source: &Source, report: &mut Report) -> Result<(), Need> {
    let bytes = if source.size() <= WHOLE_PICTURE {
        source.get(0, source.size())?
    } else {
        report.find(FindingCode::UnscannableMiddle, "SVG larger than is read");
        source.head()
    };
    if let Some(text) = decode(bytes) {
        scripted(&text.text, report);
    } else {
        report.find(FindingCode::EncodingTrick, "SVG with bytes that are no text");
    }
    Ok(())
}

/// Elements that run or bring in what runs.
const LIVE: &[&str] = &[
    "script",
    "foreignobject",
    "iframe",
    "embed",
    "object",
    "handler",
    "audio",
    "video",
    "listener",
    "base",
    "link",
    "meta",
];

fn scripted(text: &str, report: &mut Report) {
    let lower = text.to_ascii_lowercase();
    for element in lower.split('<').skip(1) {
        let name = element.split(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        if LIVE.contains(&local) {
            report.find(FindingCode::ActiveContent, "script or a foreign element in SVG");
        }
        let tag = element.split('>').next().unwrap_or_default();
        let fetched = matches!(local, "image" | "use" | "feimage" | "style") && external(element);
        if fetched {
            report.find(FindingCode::ExternalReference, "SVG fetches from elsewhere");
        }
        if local == "use" && tag.contains("data:") {
            report.find(FindingCode::ActiveContent, "SVG uses inline data as code");
        }
        if matches!(local, "set" | "animate")
            && (tag.contains("\"href\"") || tag.contains("\"on") || tag.contains("\"xlink:href\""))
        {
            report.find(FindingCode::ActiveContent, "an animation sets a link or a handler");
        }
    }
    if handlers(&lower) {
        report.find(FindingCode::ActiveContent, "an event handler in SVG");
    }
    // White space and character references inside the scheme do not stop a browser.
    let packed: String = lower.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if packed.contains("javascript:")
        || packed.contains("&#106;")
        || packed.contains("&#x6a;")
        || packed.contains("data:text/html")
    {
        report.find(FindingCode::ActiveContent, "a script link in SVG");
    }
    if lower.contains("<!entity") {
        report.find(FindingCode::Entities, "entities in SVG");
    }
    if lower.contains("<?xml-stylesheet") {
        report.find(FindingCode::ExternalReference, "a style sheet from elsewhere");
    }
}

fn external(element: &str) -> bool {
    [
        "href=\"http",
        "href='http",
        "href=\"//",
        "href='//",
        "url(http",
        "url(\"http",
        "url('http",
        "@import",
        "href=\"file:",
        "url(//",
    ]
    .iter()
    .any(|mark| element.contains(mark))
}

/// Whether a tag has an attribute `on…=`; expects lower case.
pub(super) fn handlers(lower: &str) -> bool {
    lower.split('<').skip(1).any(|element| {
        let tag = element.split('>').next().unwrap_or_default();
        tag.match_indices("on").any(|(at, _)| {
            let before =
                tag.as_bytes().get(at.wrapping_sub(1)).is_some_and(|b| b.is_ascii_whitespace() || b"\"'/".contains(b));
            let name = tag.get(at + 2..).unwrap_or_default();
            let letters = name.bytes().take_while(u8::is_ascii_lowercase).count();
            before && letters > 2 && name.get(letters..).unwrap_or_default().trim_start().starts_with('=')
        })
    })
}

/// XML of other kinds: what a browser shows of it can carry script through XHTML or a transformation.
fn document(text: &str, report: &mut Report) {
    let lower = text.to_ascii_lowercase();
    let script = lower.split('<').skip(1).any(|element| {
        let name = element.split(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
        // OpenDocument keeps its macro settings in an element of this name; no browser runs it.
        name != "office:script" && name.rsplit(':').next() == Some("script")
    });
    if script && lower.contains("http://www.w3.org/1999/xhtml") {
        report.find(FindingCode::ActiveContent, "XHTML with script inside XML");
    } else if script && lower.contains("http://www.w3.org/2000/svg") {
        report.find(FindingCode::ActiveContent, "SVG with script inside XML");
    }
    if lower.contains("<?xml-stylesheet") && lower.contains("xsl") {
        report.find(FindingCode::ExternalReference, "a transformation");
    }
    if lower.contains("<!entity") {
        report.find(FindingCode::Entities, "a DTD with entities");
    }
}
