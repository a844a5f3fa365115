//! XML: the root element names the type. No entity is expanded and no DTD read; that there is one is the finding.

use super::live::{Kind, scan};
use super::markup::begins;
use super::tags::{tag_end, unescape};
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
            document(source, start, report);
        }
        return Ok(declared);
    };
    let root = prolog.root.to_ascii_lowercase();
    let local = root.rsplit(':').next().unwrap_or_default();
    let spaces = unescape(prolog.attributes).to_ascii_lowercase();
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
        document(source, start, report);
    }
    if prolog.entities {
        report.find(FindingCode::Entities, "a DTD with entities or attributes");
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
                // A default for an attribute is an attribute: a handler, say. And what `%` stands for may be anything.
                let subset = inner.split_once('[').map_or("", |(_, subset)| subset).to_ascii_uppercase();
                entities |= ["<!ENTITY", "<!ATTLIST", "%"].iter().any(|mark| subset.contains(mark));
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
        let attributes = inner.get(end..)?;
        let attributes = attributes.get(..tag_end(attributes)?)?;
        named.then_some(Self { root, attributes, doctype, entities, public_xhtml })
    }
}

/// The end of a document type declaration, its internal subset included: a `>` in a literal or a comment is none.
fn doctype_end(text: &str) -> Option<usize> {
    let (mut at, mut subset) = (0, false);
    loop {
        let rest = text.get(at..)?;
        let skip = |end: &str| rest.find(end).map(|found| found + end.len());
        at += match rest.chars().next()? {
            '>' if !subset => return Some(at + 1),
            quote @ ('"' | '\'') => rest.get(1..)?.find(quote)? + 2,
            '<' if subset && rest.starts_with("<!--") => skip("-->")?,
            '<' if subset && rest.starts_with("<?") => skip("?>")?,
            c => {
                subset = if subset { c != ']' } else { c == '[' };
                c.len_utf8()
            }
        };
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
        scan(text.text.trim_start(), Kind::Picture, source.size() > WHOLE_PICTURE, report);
    } else {
        report.find(FindingCode::EncodingTrick, "SVG with bytes that are no text");
    }
    Ok(())
}

/// XML of other kinds: what a browser shows of it can carry script through XHTML or a transformation.
fn document(source: &Source, text: &str, report: &mut Report) {
    let cut = !source.whole();
    if cut {
        report.find(FindingCode::UnscannableMiddle, "XML beyond the window");
    }
    scan(text, Kind::Document, cut, report);
}
