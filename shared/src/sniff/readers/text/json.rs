//! JSON, parsed strictly as far as the window goes (RFC 8259, 2017): a prefix of JSON is JSON, and script is not.

use crate::sniff::FindingCode;
use crate::sniff::report::Report;

/// How deep arrays and objects may nest; deeper is an attack on recursive parsers.
const DEEPEST: usize = 512;

/// The kind of JSON, if it is any.
pub(super) fn kind(text: &str, whole: bool, report: &mut Report) -> Option<&'static str> {
    let start = text.trim_start();
    if start.starts_with('"') && whole {
        // A lone string is a document since RFC 7159 (2014). Only without line ends and quotes: a table may look alike.
        let mut parser = Parser { bytes: start.trim_end().as_bytes(), at: 0 };
        let lone = parser.string() == Some(true) && parser.at == parser.bytes.len() && start.contains('\\');
        return lone.then_some("application/json");
    }
    if !start.starts_with(['{', '[']) {
        return None;
    }
    let mut parser = Parser { bytes: start.as_bytes(), at: 0 };
    let first = parser.value(whole, report)?;
    if first == End::Window {
        return Some(flavour(start));
    }
    let mut documents = 1;
    loop {
        parser.blanks();
        if parser.at >= parser.bytes.len() {
            break;
        }
        match parser.value(whole, report) {
            Some(end) => {
                documents += 1;
                if end == End::Window {
                    break;
                }
            }
            None => return None,
        }
    }
    if documents > 1 {
        report.find(FindingCode::ManyDocuments, "one JSON document after another");
        return Some("application/x-ndjson");
    }
    Some(flavour(start))
}

fn flavour(text: &str) -> &'static str {
    let packed: String = text.chars().filter(|c| !c.is_whitespace()).take(65536).collect();
    match () {
        () if packed.starts_with('{') && packed.contains("\"nbformat\":") && packed.contains("\"cells\":") => {
            "application/x-ipynb+json"
        }
        () if packed.starts_with('{') && packed.contains("\"cell_type\":") && packed.contains("\"cells\":") => {
            "application/x-ipynb+json"
        }
        () if packed.contains("\"type\":\"FeatureCollection\"") && packed.contains("\"features\":") => {
            "application/geo+json"
        }
        () if packed.starts_with("{\"type\":\"Feature\"") => "application/geo+json",
        () => "application/json",
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum End {
    Value,
    /// The text stops within the value, as a window does.
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

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// One value, with a stack of its own instead of recursion; `None` where it is not JSON.
    fn value(&mut self, whole: bool, report: &mut Report) -> Option<End> {
        let ended = |at_end: bool| if at_end && !whole { Some(End::Window) } else { None };
        let mut open: Vec<u8> = Vec::new();
        let mut expect_key = false;
        loop {
            self.blanks();
            let Some(b) = self.peek() else { return ended(true) };
            if expect_key {
                // An object may be empty, and only then may it close here.
                if b == b'}' && self.bytes.get(..self.at)?.trim_ascii_end().last() == Some(&b'{') {
                    self.at += 1;
                    open.pop();
                } else {
                    if !self.string()? {
                        return ended(true);
                    }
                    self.blanks();
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
                        if open.len() >= DEEPEST {
                            report.find(FindingCode::BombSize, "JSON nested too deep");
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
                        if !self.word()? {
                            return ended(true);
                        }
                    }
                }
            }
            // After a value: close what ends here, or go on to the next member.
            loop {
                let Some(&container) = open.last() else { return Some(End::Value) };
                self.blanks();
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

    /// A string; `false` where the window ends in it.
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

    /// A number or one of the three words; `false` where the window ends in it.
    fn word(&mut self) -> Option<bool> {
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
