//! HTML and PHP: what a browser or a server would run. The openers are those of WHATWG mimesniff, section 7.1 (snapshot
//! of January 2026), for that is the list browsers guess by.

use super::tags::{handlers, script_link, squeeze, unescape};
use crate::sniff::report::Report;
use crate::sniff::{Confidence, FindingCode};

/// Tags that make unlabelled bytes HTML when they come first, followed by a blank or `>`.
const OPENERS: &[&str] = &[
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
];

/// Openers that nothing but a page begins with. The others also begin many a Markdown file.
const PAGES: &[&str] = &[
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<style",
    "<title",
    "<body",
    "<frameset",
    "<meta",
    "<link",
    "<form",
];

/// Whether the text is PHP by its opening tag.
pub(super) fn php(text: &str, report: &mut Report) -> bool {
    let start = text.trim_start();
    let first = start.lines().next().unwrap_or_default();
    let after_shebang =
        if start.starts_with("#!") { start.get(first.len()..).unwrap_or_default().trim_start() } else { start };
    let opens = |tag: &str| begins(after_shebang, tag);
    let short = after_shebang.strip_prefix("<?").is_some_and(|rest| {
        rest.starts_with('=')
            || (rest.starts_with([' ', '\n', '\r', '\t', '@', '$', '`', '/']) && !begins(rest.trim_start(), "xml"))
    });
    let template = text.contains("<?php") && (page(start) || begins(start, "<!--"));
    if !(opens("<?php") || short || template) {
        return false;
    }
    report.is_kind_of("application/x-httpd-php", "text/plain", Confidence::Signature);
    report.find(FindingCode::Executable, "PHP");
    true
}

/// Whether the text is HTML, to a browser or to its author.
pub(super) fn html(text: &str, claim: &str, report: &mut Report) -> bool {
    let mut start = text.trim_start();
    let mut commented = false;
    // The list has `<!--` as an opener too: what follows the comment doesn't matter to a browser.
    while let Some(rest) = start.strip_prefix("<!--") {
        commented = true;
        let Some(end) = rest.find("-->") else { break };
        start = rest.get(end + 3..).unwrap_or_default().trim_start();
    }
    let sniffed = commented || OPENERS.iter().any(|tag| begins(start, tag) && ends_tag(start, tag.len()));
    let written = page(start);
    let closing = start.starts_with("-->") && tags(text) >= 2;
    let declared = closing || (claim == "text/html" && start.starts_with('<') && tags(text) >= 2);
    if !sniffed && !written && !declared {
        return false;
    }
    // A Markdown file may begin with a centred logo. To its author it is Markdown, to a browser it is HTML: it is named
    // by its habits, and the danger noted unless Markdown is what was declared.
    let markdown = claim == "text/markdown" || claim.is_empty();
    if markdown && !written && !danger(text) && super::prose::is_markdown(text) {
        return false;
    }
    report.is_kind_of("text/html", "text/plain", if written { Confidence::Structural } else { Confidence::Heuristic });
    true
}

/// Whether script could run in it.
fn danger(text: &str) -> bool {
    let links = script_link(&squeeze(&unescape(text)));
    let text = text.to_ascii_lowercase();
    links
        || ["<script", "<iframe", "<object", "<embed", "<svg", "<form"].iter().any(|mark| text.contains(mark))
        || handlers(&text)
}

/// Whether what comes first is a page's own opening.
pub(super) fn page(start: &str) -> bool {
    PAGES.iter().any(|tag| begins(start, tag) && ends_tag(start, tag.len()))
}

/// How many tags of HTML occur.
fn tags(text: &str) -> usize {
    let text = text.to_ascii_lowercase();
    [
        "</p>", "</a>", "</div>", "</td>", "</li>", "<br", "</h1>", "</h2>", "</b>", "</i>", "</title>", "</body>",
        "</html>", "<img ", "</span>",
    ]
    .iter()
    .filter(|tag| text.contains(*tag))
    .count()
}

/// A tag name is over at a blank or `>` (mimesniff's tag-terminating bytes), here also at `/` and where the text ends.
fn ends_tag(text: &str, len: usize) -> bool {
    text.as_bytes().get(len).is_none_or(|b| matches!(b, b' ' | b'>' | b'\t' | b'\n' | b'\r' | 0x0c | b'/'))
}

/// Whether `text` begins with `tag`, in any case.
pub(super) fn begins(text: &str, tag: &str) -> bool {
    text.as_bytes().get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
}
