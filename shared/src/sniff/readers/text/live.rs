//! What runs in XML, token by token: the tokenizer that the SDK reads S3's own answers with reads the document as
//! strictly as a browser does, so that nothing hides behind a `>` in a value, a reference or a prefix. Whatever it
//! can't read counts as script. No entity is expanded: that there is one is the finding.

use std::borrow::Cow;
use std::collections::BTreeSet;

use xmlparser::{ElementEnd, StrSpan, Token, Tokenizer, XmlCharExt};

use super::tags::{handler, handlers, script_link, squeeze, tag_end, unescape};
use crate::sniff::FindingCode;
use crate::sniff::report::Report;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// SVG: whatever runs or fetches, under any prefix.
    Picture,
    /// Other XML: what a browser runs of it, which is what lies in a namespace it knows.
    Document,
}

/// Namespaces whose elements a browser brings to life in any XML.
const SPACES: &[&str] =
    &["http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1998/math/mathml"];

/// Elements that run or bring in what runs.
const LIVE: &[&str] = &[
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

/// Elements that change an attribute of another, and how links are spelled with or without a prefix.
const ANIMATIONS: &[&str] = &["set", "animate", "animatecolor", "animatemotion", "animatetransform"];
const LINKS: &[&str] = &["href", "src"];

/// Attributes that hold words for people, in which `JavaScript:` is one.
const WORDS: &[&str] = &["aria-label", "aria-description", "alt", "label", "title"];

/// Codings that leave ASCII what it is. In others the same bytes are other tags: ISO-2022-JP, UTF-7, EBCDIC.
const CODINGS: &[&str] = &[
    "utf",
    "us-ascii",
    "ascii",
    "iso-8859-",
    "iso8859",
    "iso_8859",
    "latin",
    "windows-",
    "cp125",
    "koi8",
    "shift_jis",
    "shift-jis",
    "sjis",
    "euc-",
    "gb",
    "big5",
    "macintosh",
    "x-mac",
    "tis-620",
    "ks_c_5601",
    "iso-10646-ucs-2",
];

/// Reads `text`, whose end is missing where it is `cut`, and notes what would run.
pub(super) fn scan(text: &str, kind: Kind, cut: bool, report: &mut Report) {
    let mut tokens = Tokenizer::from(text);
    let mut walk = Walk {
        kind,
        report,
        open: Vec::new(),
        prefixes: BTreeSet::new(),
        tag: None,
        style: String::new(),
        lively: false,
    };
    loop {
        let at = tokens.stream().pos();
        match tokens.next() {
            None => break,
            Some(Ok(token)) => walk.token(&token),
            Some(Err(_)) => {
                walk.styled();
                let rest = text.get(at..).unwrap_or_default();
                if !cut || ends(rest) {
                    walk.unreadable(rest);
                }
                return;
            }
        }
    }
    walk.styled();
    if !cut && (walk.tag.is_some() || !walk.open.is_empty()) {
        walk.unreadable("");
    }
}

/// Whether what could not be read ends within the window, and so is not merely cut off.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_start();
    let end = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")].iter().find(|(start, _)| rest.starts_with(start));
    match end {
        Some((_, end)) => rest.contains(end),
        None => tag_end(rest).is_some(),
    }
}

struct Walk<'a, 'r> {
    kind: Kind,
    report: &'r mut Report,
    open: Vec<Open<'a>>,
    /// Prefixes that stand for a live namespace anywhere.
    prefixes: BTreeSet<&'a str>,
    tag: Option<Tag<'a>>,
    /// The text of the style sheet that is being read.
    style: String,
    /// Whether any live namespace has been declared.
    lively: bool,
}

/// An element that has not been closed.
struct Open<'a> {
    prefix: &'a str,
    local: &'a str,
    /// Whether elements in it without a prefix are live.
    live: bool,
}

impl Open<'_> {
    fn style(&self) -> bool {
        self.local.eq_ignore_ascii_case("style")
    }
}

/// A tag as far as it has been read.
struct Tag<'a> {
    prefix: &'a str,
    local: &'a str,
    attributes: Vec<(&'a str, &'a str, &'a str)>,
}

impl<'a> Walk<'a, '_> {
    fn token(&mut self, token: &Token<'a>) {
        match token {
            Token::Declaration { encoding, .. } => self.coding(encoding.map_or("", |name| name.as_str())),
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
                let live = self.judge(&tag);
                if *end == ElementEnd::Open {
                    self.open.push(Open { prefix: tag.prefix, local: tag.local, live });
                }
            }
            Token::Text { text } => self.text(text.as_str(), false),
            Token::Cdata { text, .. } => self.text(text.as_str(), true),
            Token::ProcessingInstruction { target, content, .. } => {
                self.instruction(target.as_str(), content.map_or("", |content| content.as_str()));
            }
            // HTML ends a comment here, where XML only begins it.
            Token::Comment { text, .. } if text.starts_with('>') || text.starts_with("->") => self.hidden(),
            // The prolog has been looked at by its own reader.
            Token::Comment { .. }
            | Token::DtdStart { .. }
            | Token::EmptyDtd { .. }
            | Token::EntityDeclaration { .. }
            | Token::DtdEnd { .. } => {}
        }
    }

    fn close(&mut self, prefix: StrSpan<'_>, local: StrSpan<'_>) {
        let opened = self.open.pop();
        if opened.as_ref().is_some_and(Open::style) {
            self.styled();
        }
        if opened.is_none_or(|open| open.prefix != prefix.as_str() || open.local != local.as_str()) {
            self.unreadable("");
        }
    }

    /// What is no XML stops a browser, which has shown by then what came before it; lenient readers go on.
    fn unreadable(&mut self, rest: &str) {
        let rest = unescape(rest).to_ascii_lowercase();
        if self.kind == Kind::Picture || self.lively || SPACES.iter().any(|space| rest.contains(space)) {
            self.active("not well-formed: programs disagree about what is in it");
        }
    }

    fn active(&mut self, detail: &str) {
        self.report.find(FindingCode::ActiveContent, detail);
    }

    fn hidden(&mut self) {
        if self.kind == Kind::Picture {
            self.active("what is a comment to XML and none to HTML");
        }
    }

    fn coding(&mut self, name: &str) {
        let name = name.to_ascii_lowercase();
        if name.starts_with("utf-7") || !(name.is_empty() || CODINGS.iter().any(|known| name.starts_with(known))) {
            self.report.find(FindingCode::EncodingTrick, "XML in a coding that makes other text of ASCII");
        }
    }

    fn instruction(&mut self, target: &str, content: &str) {
        if target.eq_ignore_ascii_case("xml") {
            // A declaration all the same, only not spelled as the tokenizer wants it.
            let coding = content.split_once("encoding").map_or("", |(_, rest)| rest);
            self.coding(coding.trim_start_matches([' ', '\t', '\r', '\n', '=', '"', '\'']));
        } else if target == "xml-stylesheet" {
            let content = content.to_ascii_lowercase();
            let css = content.contains("text/css") && !content.contains("xsl") && !content.contains(['&', '<']);
            if self.kind == Kind::Picture || !css {
                self.report.find(FindingCode::ExternalReference, "a style sheet or a transformation");
            }
        }
        if content.contains('>') {
            self.hidden();
        }
    }

    /// Judges a tag; whether elements in it without a prefix are live.
    fn judge(&mut self, tag: &Tag<'a>) -> bool {
        let mut live = self.open.last().is_some_and(|open| open.live);
        for (prefix, name, value) in &tag.attributes {
            match (*prefix, *name) {
                ("", "xmlns") => live = known(value),
                ("xmlns", name) if known(value) => drop(self.prefixes.insert(name)),
                _ => continue,
            }
            self.lively |= known(value);
        }
        let within = if tag.prefix.is_empty() { live } else { self.prefixes.contains(tag.prefix) };
        let local = lower(tag.local);
        match self.kind {
            Kind::Picture if LIVE.contains(&&*local) => self.active("script or a foreign element in SVG"),
            Kind::Document if within && local == "script" => self.active("XHTML or SVG with script inside XML"),
            Kind::Picture | Kind::Document => {}
        }
        if self.kind == Kind::Picture || within {
            for (prefix, name, value) in &tag.attributes {
                self.attribute(&local, prefix, &lower(name), value);
            }
        }
        live
    }

    fn attribute(&mut self, element: &str, prefix: &str, name: &str, raw: &str) {
        if (prefix.is_empty() && handler(name)) || name == "srcdoc" {
            self.active("an event handler");
        }
        // Most values are coordinates: no link is without one of these, and a name is only looked at where one is due.
        if name != "attributename" && !raw.contains([':', '/', '\\', '&']) {
            return;
        }
        self.references(raw);
        if WORDS.contains(&name) {
            return;
        }
        let value = squeeze(&unescape(raw));
        if script_link(&value) {
            self.active("a script link");
        }
        let target = value.rsplit(':').next().unwrap_or_default();
        if name == "attributename" && ANIMATIONS.contains(&element) && (target == "href" || target.starts_with("on")) {
            self.active("an animation sets a link or a handler");
        }
        let link = LINKS.contains(&name);
        if link && element == "use" && value.starts_with("data:") {
            self.active("SVG uses inline data as code");
        }
        if (link && element != "a" && remote(&value)) || fetches(&value) {
            self.elsewhere();
        }
    }

    fn text(&mut self, raw: &str, verbatim: bool) {
        if self.kind == Kind::Document {
            return;
        }
        if !verbatim {
            self.references(raw);
        } else if runs(raw) {
            self.active("what is text to XML and script to HTML");
        }
        if self.open.last().is_some_and(Open::style) {
            self.style += &squeeze(&if verbatim { raw.into() } else { unescape(raw) });
        }
    }

    /// Judges the style sheets so far, whose text may lie in pieces around comments.
    fn styled(&mut self) {
        let style = std::mem::take(&mut self.style);
        if script_link(&style) {
            self.active("a script link");
        }
        if style.contains("@import") || fetches(&style) {
            self.elsewhere();
        }
    }

    fn elsewhere(&mut self) {
        if self.kind == Kind::Picture {
            self.report.find(FindingCode::ExternalReference, "SVG fetches from elsewhere");
        }
    }

    /// Only five entities need no declaration: any other may hold anything.
    fn references(&mut self, raw: &str) {
        if self.kind == Kind::Document {
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
                    self.report.find(FindingCode::Entities, "an entity of its own");
                }
                _ => return self.unreadable(""),
            }
        }
    }
}

/// Whether an attribute declares a live namespace; one that an entity spells may be any.
fn known(value: &str) -> bool {
    let space = unescape(value);
    SPACES.iter().any(|known| space.trim().eq_ignore_ascii_case(known)) || space.contains('&')
}

/// A name in lower case, which nearly all of them are.
fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

/// Whether a squeezed value leads elsewhere by itself.
fn remote(value: &str) -> bool {
    ["http:", "https:", "//", "\\\\", "/\\", "\\/", "ftp:", "file:"].iter().any(|start| value.starts_with(start))
}

/// Whether a squeezed value or style holds a reference that is fetched.
fn fetches(style: &str) -> bool {
    style.split("url(").skip(1).any(|target| remote(target.trim_start_matches(['"', '\''])))
}

/// Whether HTML would find something live in what XML takes for text.
fn runs(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let named = lower.split('<').skip(1).any(|tag| {
        let name = tag.split(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
        LIVE.contains(&name.rsplit(':').next().unwrap_or_default())
    });
    named || handlers(&lower)
}
