//! XML (fifth edition, W3C, 2008). The root element decides the type. Entities are not expanded, but reported.

use super::decode::decode;
use super::tags::{has_event_handler, has_script_link, normalise_link, starts_with_ignore_case, tag_end, unescape};
use super::xml_scan::{XmlKind, scan};
use crate::data::{Table, table};
use crate::readers::prelude::*;

/// The maximum size of an SVG that is read completely, in bytes. With the first window, it stays below the hard limit.
const MAX_SVG_BYTES: u64 = 480 * 1024;

/// Root elements in lower case, a text that their namespaces need to contain (or ""), and the media type.
static ROOTS: Table<[&str; 3]> = Table::new(|| table(include_str!("../../../data/xml-roots.tsv")));

/// Sets the type and returns `true` if the text is XML.
pub(crate) fn read(source: &Source, text: &str, report: &mut Report) -> Result<bool, MissingRange> {
    let start = text.trim_start();
    let declared = starts_with_ignore_case(start, "<?xml");
    let claims_xml = matches!(source.claim(), Some("application/xml" | "text/xml"));
    let Some(prolog) = Prolog::parse(start) else {
        if declared {
            report.set_type_with_parent("application/xml", "text/plain", Confidence::Heuristic);
            scan_document(source, start, report);
        }
        return Ok(declared);
    };
    let root = prolog.root.to_ascii_lowercase();
    let local = root.rsplit(':').next().unwrap_or_default();
    let namespaces = unescape(prolog.attributes).to_ascii_lowercase();
    let known = ROOTS
        .iter()
        .find(|[name, namespace, _]| *name == local && namespaces.contains(namespace))
        .map(|[_, _, kind]| *kind);
    // A root in the namespace of XHTML is XHTML under any name, for example a template.
    let known = known.or_else(|| prolog.is_xhtml(&namespaces).then_some("application/xhtml+xml"));
    // Without an XML declaration, a known root element, a namespace or an end tag is needed. Markdown can begin with
    // `<p>`.
    let kind = match known {
        Some("text/html") if !declared => return Ok(false),
        Some("application/xhtml+xml") if !declared && !prolog.public_xhtml => "text/html",
        Some(kind) => kind,
        None if declared || namespaces.contains("xmlns") || (prolog.doctype && local != "html") => "application/xml",
        None if is_closed(start, prolog.root) && (claims_xml && !can_run(start) || !is_html_element(local)) => {
            "application/xml"
        }
        None => return Ok(false),
    };
    let parent = if matches!(kind, "application/xml" | "text/html") { "text/plain" } else { "application/xml" };
    report.set_type_with_parent(kind, parent, Confidence::Structural);
    if kind == "image/svg+xml" {
        scan_svg(source, report)?;
    } else if !matches!(kind, "text/html" | "application/xhtml+xml") {
        scan_document(source, start, report);
    }
    if prolog.entities {
        report.add_finding(FindingCode::Entities, "a DTD with entities or attribute defaults");
    }
    Ok(true)
}

/// Whether the text would run script if it were HTML.
fn can_run(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    has_script_link(&normalise_link(&unescape(&text)))
        || ["<script", "<iframe", "<object", "<embed", "<html", "<body"].iter().any(|mark| text.contains(mark))
        || has_event_handler(&text)
}

/// Whether HTML has this element too, so that the text can be a fragment of a page.
fn is_html_element(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "a", "p", "b", "i", "br", "hr", "h1", "h2", "h3", "h4", "div", "img", "ul", "ol", "li", "table", "font",
        "script", "style", "title", "head", "body", "html", "span", "center", "details", "summary", "picture",
        "iframe", "form", "pre", "code", "strong", "em", "template", "meta", "link", "input", "section", "article",
        "nav", "main", "header", "footer",
    ];
    NAMES.contains(&name)
}

fn is_closed(text: &str, root: &str) -> bool {
    text.trim_end().ends_with(&format!("</{root}>")) || text.trim_end().ends_with("/>")
}

/// The prolog and the start tag of the root element.
struct Prolog<'a> {
    root: &'a str,
    attributes: &'a str,
    doctype: bool,
    entities: bool,
    public_xhtml: bool,
}

impl<'a> Prolog<'a> {
    /// Whether the root element has the namespace of XHTML. `namespaces` are its attributes in lower case.
    fn is_xhtml(&self, namespaces: &str) -> bool {
        let name = self
            .root
            .rsplit_once(':')
            .map_or("xmlns=".to_owned(), |(prefix, _)| format!("xmlns:{}=", prefix.to_ascii_lowercase()));
        namespaces.split_once(&name).is_some_and(|(_, value)| {
            value.get(1..).is_some_and(|value| value.starts_with("http://www.w3.org/1999/xhtml"))
        })
    }

    fn parse(mut text: &'a str) -> Option<Self> {
        let (mut doctype, mut entities, mut public_xhtml) = (false, false, false);
        loop {
            text = text.trim_start();
            let skip = if text.starts_with("<?") {
                if starts_with_ignore_case(text, "<?php") {
                    return None;
                }
                text.find("?>")? + 2
            } else if text.starts_with("<!--") {
                text.find("-->")? + 3
            } else if starts_with_ignore_case(text, "<!doctype") {
                doctype = true;
                let end = doctype_end(text)?;
                let inner = text.get(..end)?;
                // Attribute defaults can be event handlers, and parameter entities (`%`) can be anything.
                let subset = inner.split_once('[').map_or("", |(_, subset)| subset).to_ascii_uppercase();
                entities |= ["<!ENTITY", "<!ATTLIST", "%"].iter().any(|mark| subset.contains(mark));
                public_xhtml |= inner.contains("XHTML");
                if starts_with_ignore_case(text, "<!doctype html") && !public_xhtml && !entities {
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
        let valid_name = root.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && root.chars().all(|c| c.is_alphanumeric() || "_:.-".contains(c));
        let attributes = inner.get(end..)?;
        let attributes = attributes.get(..tag_end(attributes)?)?;
        valid_name.then_some(Self { root, attributes, doctype, entities, public_xhtml })
    }
}

/// The offset after a document type declaration with its internal subset. A `>` in a literal or a comment does not end
/// it.
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

/// Scans an SVG, completely if it is small enough. A larger one gets a finding.
fn scan_svg(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let bytes = if source.size() <= MAX_SVG_BYTES {
        source.get(0, source.size())?
    } else {
        report.add_finding(FindingCode::UnscannableMiddle, "the SVG was not read completely");
        source.head()
    };
    if let Some(text) = decode(bytes) {
        scan(text.text.trim_start(), XmlKind::Svg, source.size() > MAX_SVG_BYTES, report);
    } else {
        report.add_finding(FindingCode::EncodingTrick, "the SVG contains bytes that are not text");
    }
    Ok(())
}

/// Scans other XML. Browsers run script in it, through XHTML elements or an XSL transformation.
fn scan_document(source: &Source, text: &str, report: &mut Report) {
    let cut = !source.is_fully_read();
    if cut {
        report.add_finding(FindingCode::UnscannableMiddle, "the XML was not read completely");
    }
    scan(text, XmlKind::Other, cut, report);
}
