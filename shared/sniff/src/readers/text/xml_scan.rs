//! Active content in XML: script, event handlers, script links and external references.
//!
//! The tokenizer is as strict as a browser, so a `>` in a value, a reference or a prefix cannot hide content. Markup
//! that it rejects counts as active content. Entities are not expanded, but reported.

use std::borrow::Cow;
use std::collections::BTreeSet;

use xmlparser::{ElementEnd, StrSpan, Token, Tokenizer, XmlCharExt};

use super::tags::{has_event_handler, has_script_link, is_event_handler, normalise_link, tag_end, unescape};
use crate::data::{Table, lines};
use crate::finding::FindingCode;
use crate::report::Report;

/// The kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum XmlKind {
    /// SVG. Elements that run or load something count under any prefix.
    Svg,
    /// Other XML. Elements count if they are in a namespace that browsers run.
    Other,
}

/// Namespaces, in lower case, whose elements browsers run in any XML.
const ACTIVE_NAMESPACES: &[&str] =
    &["http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1998/math/mathml"];

/// Elements, in lower case, that run script or load something that does.
const ACTIVE_ELEMENTS: &[&str] = &[
    "script",
    "foreignobject",
    "iframe",
    "embed",
    "object",
    "applet",
    "handler",
    "audio",
    "video",
    "listener",
    "base",
    "link",
    "meta",
];

/// Elements, in lower case, that change an attribute of another element.
const ANIMATION_ELEMENTS: &[&str] = &["set", "animate", "animatecolor", "animatemotion", "animatetransform"];

/// Attributes with links, without their prefix.
const LINK_ATTRIBUTES: &[&str] = &["href", "src"];

/// Attributes with text for people, which can contain `JavaScript:`.
const TEXT_ATTRIBUTES: &[&str] = &["aria-label", "aria-description", "alt", "label", "title"];

/// Prefixes of encodings that are compatible with ASCII. In others, such as ISO-2022-JP, UTF-7 and EBCDIC, the same
/// bytes can be other tags.
static ASCII_COMPATIBLE: Table<&str> = Table::new(|| lines(include_str!("../../../data/ascii-encodings.txt")));

/// Adds findings for the active content of `text`. `cut` tells that the document continues after `text`.
pub(crate) fn scan(text: &str, kind: XmlKind, cut: bool, report: &mut Report) {
    let mut tokens = Tokenizer::from(text);
    let mut scan = Scan {
        kind,
        report,
        open: Vec::new(),
        prefixes: BTreeSet::new(),
        tag: None,
        style: String::new(),
        has_active_namespace: false,
    };
    loop {
        let at = tokens.stream().pos();
        match tokens.next() {
            None => break,
            Some(Ok(token)) => scan.token(&token),
            Some(Err(_)) => {
                scan.check_style();
                let rest = text.get(at..).unwrap_or_default();
                if !cut || is_complete(rest) {
                    scan.not_well_formed(rest);
                }
                return;
            }
        }
    }
    scan.check_style();
    if !cut && (scan.tag.is_some() || !scan.open.is_empty()) {
        scan.not_well_formed("");
    }
}

/// Whether the rejected markup ends within the window, so that its cause is not the end of the window.
fn is_complete(rest: &str) -> bool {
    let rest = rest.trim_start();
    let end = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")].iter().find(|(start, _)| rest.starts_with(start));
    match end {
        Some((_, end)) => rest.contains(end),
        None => tag_end(rest).is_some(),
    }
}

/// The state of a scan.
struct Scan<'a, 'r> {
    kind: XmlKind,
    report: &'r mut Report,
    open: Vec<OpenElement<'a>>,
    /// Prefixes that were declared for an active namespace anywhere.
    prefixes: BTreeSet<&'a str>,
    tag: Option<Tag<'a>>,
    /// The normalised text of the current style sheet.
    style: String,
    /// Whether any active namespace has been declared.
    has_active_namespace: bool,
}

/// An element without its end tag so far.
struct OpenElement<'a> {
    prefix: &'a str,
    local: &'a str,
    /// Whether the default namespace inside is an active one.
    active_default: bool,
}

impl OpenElement<'_> {
    fn is_style(&self) -> bool {
        self.local.eq_ignore_ascii_case("style")
    }
}

/// A start tag. The attributes are prefix, local name and raw value.
struct Tag<'a> {
    prefix: &'a str,
    local: &'a str,
    attributes: Vec<(&'a str, &'a str, &'a str)>,
}

impl<'a> Scan<'a, '_> {
    fn token(&mut self, token: &Token<'a>) {
        match token {
            Token::Declaration { encoding, .. } => self.check_encoding(encoding.map_or("", |name| name.as_str())),
            Token::ElementStart { prefix, local, .. } => {
                self.tag = Some(Tag { prefix: prefix.as_str(), local: local.as_str(), attributes: Vec::new() });
            }
            Token::Attribute { prefix, local, value, .. } => {
                if let Some(tag) = &mut self.tag {
                    tag.attributes.push((prefix.as_str(), local.as_str(), value.as_str()));
                }
            }
            Token::ElementEnd { end: ElementEnd::Close(prefix, local), .. } => self.close(*prefix, *local),
            Token::ElementEnd { end, .. } => {
                let Some(tag) = self.tag.take() else { return };
                let active_default = self.check_tag(&tag);
                if *end == ElementEnd::Open {
                    self.open.push(OpenElement { prefix: tag.prefix, local: tag.local, active_default });
                }
            }
            Token::Text { text } => self.check_text(text.as_str(), false),
            Token::Cdata { text, .. } => self.check_text(text.as_str(), true),
            Token::ProcessingInstruction { target, content, .. } => {
                self.check_instruction(target.as_str(), content.map_or("", |content| content.as_str()));
            }
            // In HTML, the comment ends here.
            Token::Comment { text, .. } if text.starts_with('>') || text.starts_with("->") => self.hidden_comment(),
            // The reader checks the prolog.
            Token::Comment { .. }
            | Token::DtdStart { .. }
            | Token::EmptyDtd { .. }
            | Token::EntityDeclaration { .. }
            | Token::DtdEnd { .. } => {}
        }
    }

    fn close(&mut self, prefix: StrSpan<'_>, local: StrSpan<'_>) {
        let opened = self.open.pop();
        if opened.as_ref().is_some_and(OpenElement::is_style) {
            self.check_style();
        }
        if opened.is_none_or(|open| open.prefix != prefix.as_str() || open.local != local.as_str()) {
            self.not_well_formed("");
        }
    }

    /// Browsers stop at markup that is not well-formed, lenient parsers continue. So it counts as active content.
    fn not_well_formed(&mut self, rest: &str) {
        let rest = unescape(rest).to_ascii_lowercase();
        if self.kind == XmlKind::Svg
            || self.has_active_namespace
            || ACTIVE_NAMESPACES.iter().any(|namespace| rest.contains(namespace))
        {
            self.add_active("the XML is not well-formed, so parsers disagree about its content");
        }
    }

    fn add_active(&mut self, detail: &str) {
        self.report.add_finding(FindingCode::ActiveContent, detail);
    }

    fn hidden_comment(&mut self) {
        if self.kind == XmlKind::Svg {
            self.add_active("a comment or instruction that ends earlier in HTML");
        }
    }

    fn check_encoding(&mut self, name: &str) {
        let name = name.to_ascii_lowercase();
        if name.starts_with("utf-7")
            || !(name.is_empty() || ASCII_COMPATIBLE.iter().any(|known| name.starts_with(known)))
        {
            self.report.add_finding(FindingCode::EncodingTrick, "the XML encoding is not compatible with ASCII");
        }
    }

    fn check_instruction(&mut self, target: &str, content: &str) {
        if target.eq_ignore_ascii_case("xml") {
            // The tokenizer takes an XML declaration with unusual spelling for an instruction.
            let encoding = content.split_once("encoding").map_or("", |(_, rest)| rest);
            self.check_encoding(encoding.trim_start_matches([' ', '\t', '\r', '\n', '=', '"', '\'']));
        } else if target == "xml-stylesheet" {
            let content = content.to_ascii_lowercase();
            let css = content.contains("text/css") && !content.contains("xsl") && !content.contains(['&', '<']);
            if self.kind == XmlKind::Svg || !css {
                self.report.add_finding(FindingCode::ExternalReference, "a style sheet or an XSL transformation");
            }
        }
        if content.contains('>') {
            self.hidden_comment();
        }
    }

    /// Checks a start tag. The result is whether the default namespace inside is an active one.
    fn check_tag(&mut self, tag: &Tag<'a>) -> bool {
        let mut active_default = self.open.last().is_some_and(|open| open.active_default);
        for (prefix, name, value) in &tag.attributes {
            match (*prefix, *name) {
                ("", "xmlns") => active_default = is_active_namespace(value),
                ("xmlns", name) if is_active_namespace(value) => drop(self.prefixes.insert(name)),
                _ => continue,
            }
            self.has_active_namespace |= is_active_namespace(value);
        }
        let is_active = if tag.prefix.is_empty() { active_default } else { self.prefixes.contains(tag.prefix) };
        let local = to_lower(tag.local);
        match self.kind {
            XmlKind::Svg if ACTIVE_ELEMENTS.contains(&&*local) => {
                self.add_active("an SVG element that runs or loads script");
            }
            XmlKind::Other if is_active && local == "script" => {
                self.add_active("an XHTML or SVG script element in XML");
            }
            XmlKind::Svg | XmlKind::Other => {}
        }
        if self.kind == XmlKind::Svg || is_active {
            for (prefix, name, value) in &tag.attributes {
                self.check_attribute(&local, prefix, &to_lower(name), value);
            }
        }
        active_default
    }

    fn check_attribute(&mut self, element: &str, prefix: &str, name: &str, raw: &str) {
        if (prefix.is_empty() && is_event_handler(name)) || name == "srcdoc" {
            self.add_active("an event handler");
        }
        // Every link has one of these characters. Most values are coordinates, so this saves time.
        if name != "attributename" && !raw.contains([':', '/', '\\', '&']) {
            return;
        }
        self.check_references(raw);
        if TEXT_ATTRIBUTES.contains(&name) {
            return;
        }
        let value = normalise_link(&unescape(raw));
        if has_script_link(&value) {
            self.add_active("a script link");
        }
        let target = value.rsplit(':').next().unwrap_or_default();
        if name == "attributename"
            && ANIMATION_ELEMENTS.contains(&element)
            && (target == "href" || target.starts_with("on"))
        {
            self.add_active("an animation sets a link or an event handler");
        }
        let link = LINK_ATTRIBUTES.contains(&name);
        if link && element == "use" && value.starts_with("data:") {
            self.add_active("an SVG use element with a data URL");
        }
        if (link && element != "a" && is_remote(&value)) || loads_remote(&value) {
            self.add_external_reference();
        }
    }

    fn check_text(&mut self, raw: &str, cdata: bool) {
        if self.kind == XmlKind::Other {
            return;
        }
        if !cdata {
            self.check_references(raw);
        } else if has_active_html(raw) {
            self.add_active("text that is script in HTML");
        }
        if self.open.last().is_some_and(OpenElement::is_style) {
            self.style += &normalise_link(&if cdata { raw.into() } else { unescape(raw) });
        }
    }

    /// Checks the current style sheet. Comments can divide it into several texts.
    fn check_style(&mut self) {
        let style = std::mem::take(&mut self.style);
        if has_script_link(&style) {
            self.add_active("a script link");
        }
        if style.contains("@import") || loads_remote(&style) {
            self.add_external_reference();
        }
    }

    fn add_external_reference(&mut self) {
        if self.kind == XmlKind::Svg {
            self.report.add_finding(FindingCode::ExternalReference, "the SVG loads content from a server");
        }
    }

    /// Adds a finding for references to entities other than the five predefined ones, and for invalid references.
    fn check_references(&mut self, raw: &str) {
        if self.kind == XmlKind::Other {
            return;
        }
        for after in raw.split('&').skip(1) {
            let name = after.split_once(';').map(|(name, _)| name);
            let number = |name: &str| {
                let spelled = unescape(&format!("&{name};")).into_owned();
                spelled.chars().count() == 1 && spelled.chars().all(|c| c.is_xml_char())
            };
            match name {
                Some("amp" | "lt" | "gt" | "quot" | "apos") => {}
                Some(name) if name.starts_with('#') && number(name) => {}
                Some(name) if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_:.-".contains(c)) => {
                    self.report.add_finding(FindingCode::Entities, "a reference to a declared entity");
                }
                _ => return self.not_well_formed(""),
            }
        }
    }
}

/// Whether `value` is an active namespace. A value with an entity can be any namespace.
fn is_active_namespace(value: &str) -> bool {
    let namespace = unescape(value);
    ACTIVE_NAMESPACES.iter().any(|known| namespace.trim().eq_ignore_ascii_case(known)) || namespace.contains('&')
}

/// A name in lower case. Most names are, so a copy is rarely needed.
fn to_lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

/// Whether a normalised link leads to a server or a local file.
fn is_remote(value: &str) -> bool {
    ["http:", "https:", "//", "\\\\", "/\\", "\\/", "ftp:", "file:"].iter().any(|start| value.starts_with(start))
}

/// Whether a normalised value or style sheet has a `url(…)` that leads to a server or a local file.
fn loads_remote(style: &str) -> bool {
    style.split("url(").skip(1).any(|target| is_remote(target.trim_start_matches(['"', '\''])))
}

/// Whether `text` would contain an active element or an event handler if it were HTML.
fn has_active_html(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let has_active_element = lower.split('<').skip(1).any(|tag| {
        let name = tag.split(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
        ACTIVE_ELEMENTS.contains(&name.rsplit(':').next().unwrap_or_default())
    });
    has_active_element || has_event_handler(&lower)
}
