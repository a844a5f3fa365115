//! The syntax that XML and HTML share: ends of tags, character references, event handlers and script links.

use std::borrow::Cow;

/// Named references for characters that can hide a link or a tag. HTML has about 2,200 more. XML has five; others need
/// a DTD, which has its own finding.
const NAMED_REFERENCES: &[(&str, char)] = &[
    ("amp;", '&'),
    ("lt;", '<'),
    ("gt;", '>'),
    ("quot;", '"'),
    ("apos;", '\''),
    ("colon;", ':'),
    ("sol;", '/'),
    ("Tab;", '\t'),
    ("NewLine;", '\n'),
];

/// Replaces character references. Invalid and unknown ones remain.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (c, len) = reference(after).unwrap_or(('&', 0));
        plain.push(c);
        rest = after.get(len..).unwrap_or_default();
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The character of a reference and the length of the reference without `&`. HTML allows a missing semicolon.
fn reference(text: &str) -> Option<(char, usize)> {
    let Some(number) = text.strip_prefix('#') else {
        return NAMED_REFERENCES.iter().find(|(name, _)| text.starts_with(name)).map(|(name, c)| (*c, name.len()));
    };
    let (radix, digits) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, number),
    };
    let len = digits.bytes().take_while(|&b| char::from(b).is_digit(radix)).count();
    let c = char::from_u32(u32::from_str_radix(digits.get(..len)?, radix).ok()?)?;
    let end = text.len() - digits.len() + len;
    Some((c, end + usize::from(text.as_bytes().get(end) == Some(&b';'))))
}

/// `value` in lower case, without white space and control characters, which browsers ignore in links.
pub(crate) fn normalise_link(value: &str) -> String {
    value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a normalised value contains a link that runs script.
pub(crate) fn has_script_link(value: &str) -> bool {
    ["javascript:", "vbscript:", "data:text/html", "data:application/xhtml"].iter().any(|link| value.contains(link))
}

/// Whether an attribute name in lower case is that of an event handler.
pub(crate) fn is_event_handler(name: &str) -> bool {
    name.strip_prefix("on").is_some_and(|event| event.len() > 2 && event.bytes().all(|b| b.is_ascii_lowercase()))
}

/// The offset of the first `>` outside a quoted value. `tag` is the text after `<`.
pub(crate) fn tag_end(tag: &str) -> Option<usize> {
    let (mut quote, mut value) = (None, false);
    for (at, b) in tag.bytes().enumerate() {
        match (quote, b) {
            (Some(open), _) if b == open => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return Some(at),
            (None, b'=') => value = true,
            (None, b'"' | b'\'') if value => (quote, value) = (Some(b), false),
            (None, _) => value &= b.is_ascii_whitespace(),
        }
    }
    None
}

/// Whether an HTML tag in `lower`, a text in lower case, has an event handler.
pub(crate) fn has_event_handler(lower: &str) -> bool {
    lower.split('<').skip(1).any(|element| {
        let tag = tag_end(element).and_then(|end| element.get(..end)).unwrap_or(element);
        tag.match_indices("on").any(|(at, _)| {
            let before = at.checked_sub(1).and_then(|at| tag.as_bytes().get(at));
            // This check comes first, so that long runs of letters take linear time.
            if before.is_none_or(|b| !b.is_ascii_whitespace() && !b"\"'/".contains(b)) {
                return false;
            }
            let name = tag.get(at + 2..).unwrap_or_default();
            let letters = name.bytes().take_while(u8::is_ascii_lowercase).count();
            letters > 2 && name.get(letters..).unwrap_or_default().trim_start().starts_with('=')
        })
    })
}

/// Whether `text` starts with `prefix`, ignoring ASCII case.
pub(crate) fn starts_with_ignore_case(text: &str, prefix: &str) -> bool {
    text.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}
