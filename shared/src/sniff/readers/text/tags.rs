//! What tags are made of, as XML and HTML both have it: where one ends, its references, handlers and links.

use std::borrow::Cow;

/// References that spell what a link or a tag needs. HTML has two thousand more; XML has five and whatever a DTD says,
/// which is a finding of its own.
const NAMED: &[(&str, char)] = &[
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

/// Resolves character references; those that are none stay as they are.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
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

/// The character that a reference stands for, and its length behind the `&`. HTML does without the semicolon.
fn reference(text: &str) -> Option<(char, usize)> {
    let Some(number) = text.strip_prefix('#') else {
        return NAMED.iter().find(|(name, _)| text.starts_with(name)).map(|(name, c)| (*c, name.len()));
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

/// A value in lower case and without blanks and controls, none of which stop a browser within a link.
pub(super) fn squeeze(value: &str) -> String {
    value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a squeezed value holds a link that runs.
pub(super) fn script_link(value: &str) -> bool {
    ["javascript:", "vbscript:", "data:text/html", "data:application/xhtml"].iter().any(|link| value.contains(link))
}

/// Whether an attribute's name, in lower case, is an event's.
pub(super) fn handler(name: &str) -> bool {
    name.strip_prefix("on").is_some_and(|event| event.len() > 2 && event.bytes().all(|b| b.is_ascii_lowercase()))
}

/// Where a tag ends that begins before `tag`: at the first `>` outside of a quoted value.
pub(super) fn tag_end(tag: &str) -> Option<usize> {
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

/// Whether a tag of HTML has an attribute `on…=`; expects lower case.
pub(super) fn handlers(lower: &str) -> bool {
    lower.split('<').skip(1).any(|element| {
        let tag = tag_end(element).and_then(|end| element.get(..end)).unwrap_or(element);
        tag.match_indices("on").any(|(at, _)| {
            let before = at.checked_sub(1).and_then(|at| tag.as_bytes().get(at));
            // Looked at first: a long run of letters is walked through once and not from each `on` in it.
            if before.is_none_or(|b| !b.is_ascii_whitespace() && !b"\"'/".contains(b)) {
                return false;
            }
            let name = tag.get(at + 2..).unwrap_or_default();
            let letters = name.bytes().take_while(u8::is_ascii_lowercase).count();
            letters > 2 && name.get(letters..).unwrap_or_default().trim_start().starts_with('=')
        })
    })
}
