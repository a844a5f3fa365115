//! The table as a document: written, and read back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{COLUMNS, Section};

/// Which heading, which row, which column.
pub(super) type At = (usize, usize, usize);

/// What stands in the cells.
pub(super) type Cells = BTreeMap<At, String>;

/// The whole document; a cell that nothing is known of stays empty.
pub(super) fn write(sections: &[Section], cells: &Cells) -> String {
    let mut text = include_str!("head.md").to_owned();
    for (n, section) in sections.iter().enumerate() {
        let names = COLUMNS.map(|column| column.name).join(" | ");
        write!(text, "\n{}\n| Call | {names} |\n|---{}|\n", section.heading, "|---".repeat(COLUMNS.len())).unwrap();
        for (row, place) in section.rows.iter().enumerate() {
            let nth = if place.nth == 1 { String::new() } else { format!(", no. {}", place.nth) };
            let cells = (0..COLUMNS.len()).map(|column| cells.get(&(n, row, column)).map_or("", String::as_str));
            writeln!(text, "| {}{nth} | {} |", place.name, cells.collect::<Vec<_>>().join(" | ")).unwrap();
        }
    }
    text
}

/// The cells of a document.
pub(super) fn read(text: &str) -> Cells {
    let mut found = Cells::new();
    for (n, section) in text.split("\n### ").skip(1).enumerate() {
        let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Call |"));
        for (row, line) in rows.enumerate() {
            let cells = line.trim_matches(['|', ' ']).split(" | ").skip(1);
            found.extend(cells.enumerate().map(|(column, words)| ((n, row, column), words.to_owned())));
        }
    }
    found
}
