//! The tables in `data/`: one row per line, with tabs between the columns. Lines that begin with `#` are comments.

use std::sync::LazyLock;

/// A table that is parsed on first use.
pub(crate) type Table<Row> = LazyLock<Vec<Row>>;

/// The rows of a table with one column.
pub(crate) fn lines(table: &'static str) -> Vec<&'static str> {
    table.lines().filter(|line| !line.starts_with('#')).collect()
}

/// The rows of a table.
pub(crate) fn rows(table: &'static str) -> Vec<Vec<&'static str>> {
    lines(table).into_iter().map(|line| line.split('\t').collect()).collect()
}

/// The rows of a table with `N` columns.
///
/// # Panics
/// If a row has another number of columns.
pub(crate) fn table<const N: usize>(table: &'static str) -> Vec<[&'static str; N]> {
    rows(table).into_iter().map(|row| row.try_into().expect("the tables have a fixed number of columns")).collect()
}

/// The rows of a table of bytes and a name.
pub(crate) fn bytes_table(text: &'static str) -> Vec<(Vec<u8>, &'static str)> {
    table(text).into_iter().map(|[text, name]| (bytes(text), name)).collect()
}

/// The bytes of a text in which `\xNN` is the byte with this hexadecimal number.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut pieces = text.split("\\x");
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for (number, rest) in pieces.map(|piece| piece.split_at(2)) {
        bytes.push(u8::from_str_radix(number, 16).expect("two hexadecimal digits follow `\\x`"));
        bytes.extend(rest.bytes());
    }
    bytes
}
