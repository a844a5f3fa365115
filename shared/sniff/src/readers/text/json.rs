//! JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259), 2017), parsed strictly up to the end of the window.

use crate::finding::FindingCode;
use crate::report::Report;

/// The maximum depth of arrays and objects. Deeper documents are attacks on recursive parsers.
const MAX_DEPTH: usize = 512;

/// The media type if the text is JSON. `whole` tells that the document ends with the text.
pub(crate) fn kind(text: &str, whole: bool, claim: &str, report: &mut Report) -> Option<&'static str> {
    let text = text.trim_start();
    if text.starts_with(['/', '{', '[']) && has_comment(text) {
        let plain = without_comments(text);
        let (mut parsed, start) = (Report::new(), plain.trim_start());
        if start.starts_with(['{', '[']) && documents(start, whole, &mut parsed) == Some(1) {
            report.add_finding(FindingCode::JsonComments, "comments or a comma before the end of a container");
            return Some(json_type(start));
        }
        return None;
    }
    let start = text;
    // A document can be any value. A number or a word is JSON if that is claimed.
    if whole && matches!(claim, "application/json" | "text/json") && !start.starts_with(['{', '[']) {
        return (documents(&format!("{start}\n"), true, report) == Some(1)).then_some("application/json");
    }
    if start.starts_with('"') && whole {
        // A document can be a string since RFC 7159 (2014). A table can look similar, so an escape is needed as
        // evidence.
        let mut parser = Parser { bytes: start.trim_end().as_bytes(), at: 0 };
        let lone = parser.string() == Some(true) && parser.at == parser.bytes.len() && start.contains('\\');
        return lone.then_some("application/json");
    }
    if !start.starts_with(['{', '[']) {
        return None;
    }
    if documents(start, whole, report)? > 1 {
        report.add_finding(FindingCode::ManyDocuments, "several JSON documents in a row");
        return Some("application/x-ndjson");
    }
    Some(json_type(start))
}

/// The number of documents in a row. `None` if the text is not JSON.
fn documents(start: &str, whole: bool, report: &mut Report) -> Option<u32> {
    let mut parser = Parser { bytes: start.as_bytes(), at: 0 };
    let mut documents = 0;
    loop {
        let end = parser.value(whole, report)?;
        documents += 1;
        parser.skip_space();
        if end == End::Window || parser.at >= parser.bytes.len() {
            return Some(documents);
        }
    }
}

/// Whether a line begins with a comment. Links in strings contain slashes too.
fn has_comment(text: &str) -> bool {
    text.lines().take(200).any(|line| line.trim_start().starts_with("//") || line.trim_start().starts_with("/*"))
}

/// JSON as editors write it for settings: without its comments, and without commas before the end of a container.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let len = if from.starts_with("//") {
            from.find('\n').unwrap_or(from.len())
        } else if from.starts_with("/*") {
            from.find("*/").map_or(from.len(), |end| end + 2)
        } else {
            let mut parser = Parser { bytes: from.as_bytes(), at: 0 };
            // The window can end within a string. A lone slash makes the text invalid.
            let end = if parser.string().is_some() { parser.at.min(from.len()) } else { 1 };
            plain.push_str(from.get(..end).unwrap_or(from));
            end
        };
        rest = from.get(len..).unwrap_or_default();
    }
    plain.push_str(rest);
    remove_last_commas(&plain)
}

fn remove_last_commas(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for piece in text.split_inclusive(['}', ']']) {
        let closing = piece.len() - usize::from(piece.ends_with(['}', ']']));
        let (inner, end) = piece.split_at(closing);
        plain.push_str(inner.trim_end().strip_suffix(',').unwrap_or(inner));
        plain.push_str(end);
    }
    plain
}

fn json_type(text: &str) -> &'static str {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).take(65536).collect();
    let has = |member: &str| compact.contains(member);
    let is_notebook = compact.starts_with('{') && has("\"cells\":") && (has("\"nbformat\":") || has("\"cell_type\":"));
    let is_map = has("\"type\":\"FeatureCollection\"") && has("\"features\":");
    match () {
        () if is_notebook => "application/x-ipynb+json",
        () if is_map || compact.starts_with("{\"type\":\"Feature\"") => "application/geo+json",
        () => "application/json",
    }
}

/// Where parsing ended.
#[derive(PartialEq, Eq, Clone, Copy)]
enum End {
    /// After a value.
    Value,
    /// The window ends within the value.
    Window,
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Parses one value without recursion. `None` if the text is not JSON.
    fn value(&mut self, whole: bool, report: &mut Report) -> Option<End> {
        let ended = |at_end: bool| if at_end && !whole { Some(End::Window) } else { None };
        let mut open: Vec<u8> = Vec::new();
        let mut expect_key = false;
        loop {
            self.skip_space();
            let Some(b) = self.peek() else { return ended(true) };
            if expect_key {
                // Only an empty object can end here.
                if b == b'}' && self.bytes.get(..self.at)?.trim_ascii_end().last() == Some(&b'{') {
                    self.at += 1;
                    open.pop();
                } else {
                    if !self.string()? {
                        return ended(true);
                    }
                    self.skip_space();
                    match self.peek() {
                        Some(b':') => self.at += 1,
                        None => return ended(true),
                        Some(_) => return None,
                    }
                    expect_key = false;
                    continue;
                }
            } else {
                match b {
                    b'{' | b'[' => {
                        if open.len() >= MAX_DEPTH {
                            report.add_finding(FindingCode::BombSize, "JSON is nested deeper than 512 levels");
                            return Some(End::Window);
                        }
                        open.push(b);
                        self.at += 1;
                        expect_key = b == b'{';
                        continue;
                    }
                    b']' if open.last() == Some(&b'[')
                        && self.bytes.get(..self.at)?.trim_ascii_end().last() == Some(&b'[') =>
                    {
                        self.at += 1;
                        open.pop();
                    }
                    b'"' => {
                        if !self.string()? {
                            return ended(true);
                        }
                    }
                    _ => {
                        if !self.scalar()? {
                            return ended(true);
                        }
                    }
                }
            }
            // After a value, close the containers that end, or continue with the next member.
            loop {
                let Some(&container) = open.last() else { return Some(End::Value) };
                self.skip_space();
                match (self.peek(), container) {
                    (None, _) => return ended(true),
                    (Some(b','), _) => {
                        self.at += 1;
                        expect_key = container == b'{';
                        break;
                    }
                    (Some(b'}'), b'{') | (Some(b']'), b'[') => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return None,
                }
            }
        }
    }

    /// Parses a string. `false` if the window ends inside it.
    fn string(&mut self) -> Option<bool> {
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        loop {
            match self.peek() {
                None => return Some(false),
                Some(b'"') => {
                    self.at += 1;
                    return Some(true);
                }
                Some(b'\\') => self.at += 2,
                Some(0..=0x1f) => return None,
                Some(_) => self.at += 1,
            }
        }
    }

    /// Parses a number or a literal name. `false` if the window ends inside it.
    fn scalar(&mut self) -> Option<bool> {
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
            self.at += 1;
        }
        let word = self.bytes.get(from..self.at)?;
        let cut = self.at >= self.bytes.len();
        let name = [&b"true"[..], b"false", b"null"]
            .iter()
            .any(|name| *name == word || (cut && !word.is_empty() && name.starts_with(word)));
        let number = word.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-')
            && word.iter().all(|b| b.is_ascii_digit() || b"+-.eE".contains(b));
        (name || number).then_some(!cut)
    }
}
