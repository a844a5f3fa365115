//! HTML and PHP, which browsers and servers run.
//!
//! The tags at the start are those that browsers use ([WHATWG mimesniff](https://mimesniff.spec.whatwg.org), section 7.1,
//! snapshot of January 2026).

use super::guess::SURE_SCORE;
use super::prose::markdown_score;
use super::tags::{has_event_handler, has_script_link, normalise_link, starts_with_ignore_case, unescape};
use crate::readers::prelude::*;

/// Further tags at the start that make browsers take unlabelled content for HTML. Markdown files can begin with them too.
const SNIFFED_TAGS: &[&str] = &["<h1", "<div", "<font", "<table", "<a", "<b", "<br", "<p"];

/// Tags at the start that only HTML pages have.
const PAGE_TAGS: &[&str] = &[
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

/// Sets the type if the text is PHP, by its opening tag.
pub(crate) fn php(text: &str, report: &mut Report) -> bool {
    let start = text.trim_start();
    let first = start.lines().next().unwrap_or_default();
    let after_shebang =
        if start.starts_with("#!") { start.get(first.len()..).unwrap_or_default().trim_start() } else { start };
    let starts = |tag: &str| starts_with_ignore_case(after_shebang, tag);
    let short = after_shebang.strip_prefix("<?").is_some_and(|rest| {
        rest.starts_with('=')
            || (rest.starts_with([' ', '\n', '\r', '\t', '@', '$', '`', '/'])
                && !starts_with_ignore_case(rest.trim_start(), "xml"))
    });
    let template =
        text.contains("<?php") && (starts_with_tag(start, PAGE_TAGS) || starts_with_ignore_case(start, "<!--"));
    if !(starts("<?php") || short || template) {
        return false;
    }
    report.set_type_with_parent("application/x-httpd-php", "text/plain", Confidence::Signature);
    report.add_finding(FindingCode::Executable, "PHP script");
    true
}

/// Sets the type if the text is HTML, to a browser or by the claim.
pub(crate) fn html(text: &str, claim: &str, report: &mut Report) -> bool {
    let mut start = text.trim_start();
    let mut commented = false;
    // For browsers, a comment at the start suffices.
    while let Some(rest) = start.strip_prefix("<!--") {
        commented = true;
        let Some(end) = rest.find("-->") else { break };
        start = rest.get(end + 3..).unwrap_or_default().trim_start();
    }
    let sniffed = commented || starts_with_tag(start, SNIFFED_TAGS);
    let is_page = starts_with_tag(start, PAGE_TAGS);
    let closing = start.starts_with("-->") && count_tags(text) >= 2;
    let claimed = closing || (claim == "text/html" && start.starts_with('<') && count_tags(text) >= 2);
    if !sniffed && !is_page && !claimed {
        return false;
    }
    // Markdown can begin with HTML, such as a centred logo. It remains Markdown if it contains nothing that runs.
    // Every text is Markdown if that is claimed. Without a claim, enough marks are needed.
    let least = match claim {
        "text/markdown" => Some(0),
        "" => Some(SURE_SCORE),
        _ => None,
    };
    if least.is_some_and(|least| markdown_score(text) >= least) && !is_page && !can_run_script(text) {
        report.add_finding(FindingCode::StartsAsHtml, "text that starts with HTML without script");
        return false;
    }
    report.set_type_with_parent(
        "text/html",
        "text/plain",
        if is_page { Confidence::Structural } else { Confidence::Heuristic },
    );
    true
}

/// Whether a browser would run script in the text, or load another page.
fn can_run_script(text: &str) -> bool {
    let links = has_script_link(&normalise_link(&unescape(text)));
    let text = text.to_ascii_lowercase();
    links
        || ["<script", "<iframe", "<object", "<embed", "<svg", "<form"].iter().any(|mark| text.contains(mark))
        || has_event_handler(&text)
}

/// Whether the text starts with one of these tags.
fn starts_with_tag(text: &str, tags: &[&str]) -> bool {
    tags.iter().any(|tag| starts_with_ignore_case(text, tag) && ends_tag(text, tag.len()))
}

/// The number of different common HTML tags in the text.
fn count_tags(text: &str) -> usize {
    let text = text.to_ascii_lowercase();
    [
        "</p>", "</a>", "</div>", "</td>", "</li>", "<br", "</h1>", "</h2>", "</b>", "</i>", "</title>", "</body>",
        "</html>", "<img ", "</span>",
    ]
    .iter()
    .filter(|tag| text.contains(*tag))
    .count()
}

/// Whether a tag name ends at `len`: at white space, `>` or `/`, or at the end of the text.
fn ends_tag(text: &str, len: usize) -> bool {
    text.as_bytes().get(len).is_none_or(|b| matches!(b, b' ' | b'>' | b'\t' | b'\n' | b'\r' | 0x0c | b'/'))
}
