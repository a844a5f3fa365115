//! Writes the table as a document, and reads its cells back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{COLUMNS, Section};

/// Section, row and column of a cell.
pub(super) type Position = (usize, usize, usize);

/// The texts of the cells.
pub(super) type Cells = BTreeMap<Position, String>;

/// The whole document. A cell without a text is empty.
pub(super) fn write(sections: &[Section], cells: &Cells) -> String {
    let mut text = include_str!("head.md").to_owned();
    for (n, section) in sections.iter().enumerate() {
        let names = COLUMNS.map(|column| column.name).join(" | ");
        write!(text, "\n{}\n| Call | {names} |\n|---{}|\n", section.heading, "|---".repeat(COLUMNS.len())).unwrap();
        for (row, call) in section.rows.iter().enumerate() {
            let nth = if call.nth == 1 { String::new() } else { format!(", no. {}", call.nth) };
            let cells = (0..COLUMNS.len()).map(|column| cells.get(&(n, row, column)).map_or("", String::as_str));
            writeln!(text, "| {}{nth} | {} |", call.name, cells.collect::<Vec<_>>().join(" | ")).unwrap();
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
            found.extend(cells.enumerate().map(|(column, text)| ((n, row, column), text.to_owned())));
        }
    }
    found
}
