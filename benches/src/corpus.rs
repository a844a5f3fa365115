//! Lists of files, and looking at a file on disk as if it lay in a bucket.
//!
//! A list is tab-separated without quoting; its first line names the columns.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use content_sniff::MediaType;
use content_sniff::{Sniffed, Sniffer, Step};

use crate::Outcome;

/// One line of a list.
pub(crate) struct Row {
    columns: Vec<(String, String)>,
    number: usize,
}

impl Row {
    /// A column's text.
    pub(crate) fn get(&self, column: &str) -> Outcome<&str> {
        let found = self.columns.iter().find(|(name, _)| name == column);
        found.map(|(_, text)| text.as_str()).ok_or_else(|| format!("line {}: no column {column:?}", self.number))
    }

    /// A column that holds a media type.
    pub(crate) fn media_type(&self, column: &str) -> Outcome<MediaType> {
        let text = self.get(column)?;
        MediaType::parse(text).map_err(|e| format!("line {}: {text:?} is no media type: {e}", self.number))
    }
}

/// Reads a list.
pub(crate) fn rows(list: &Path) -> Outcome<Vec<Row>> {
    Ok(parse(&text(list)?))
}

fn parse(list: &str) -> Vec<Row> {
    let mut lines = list.lines().enumerate();
    let names: Vec<&str> = lines.next().map_or("", |(_, line)| line).split('\t').collect();
    let row = |(index, line): (usize, &str)| {
        let columns = names.iter().map(|name| (*name).to_owned()).zip(line.split('\t').map(str::to_owned)).collect();
        Row { columns, number: index + 1 }
    };
    lines.filter(|(_, line)| !line.is_empty()).map(row).collect()
}

/// A file of text, whole.
pub(crate) fn text(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// A file, whole.
pub(crate) fn object(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// What the product sees of `object`, from its size, the ranges that it asks for and the claim, if there is one; and
/// the time that it took, without the reads.
pub(crate) fn look(object: &[u8], claim: Option<&MediaType>) -> Outcome<(Sniffed, Duration)> {
    let size = u64::try_from(object.len()).map_err(|e| e.to_string())?;
    let mut started = Instant::now();
    let (mut sniffer, mut step) = Sniffer::start(size, claim);
    let mut taken = started.elapsed();
    loop {
        match step {
            Step::Done(answer) => return Ok((answer, taken)),
            Step::Read(range) => {
                let outside = || format!("{range:?} lies outside of the object's {size} bytes");
                let end = range.start.checked_add(range.len).ok_or_else(outside)?;
                let (start, end) = (usize::try_from(range.start), usize::try_from(end));
                let window = start.ok().zip(end.ok()).and_then(|(start, end)| object.get(start..end));
                let window = window.ok_or_else(outside)?;
                started = Instant::now();
                (sniffer, step) = sniffer.feed(window);
                taken += started.elapsed();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_by_its_heading() {
        let rows = parse("path\ttype\na.png\timage/png\n\nb\tnothing\n");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].get("path").unwrap(), "a.png");
        assert_eq!(rows[0].media_type("type").unwrap().essence(), "image/png");
        assert_eq!(rows[1].get("size").unwrap_err(), "line 4: no column \"size\"");
        assert!(rows[1].media_type("type").unwrap_err().starts_with("line 4: \"nothing\""));
        assert!(parse("").is_empty());
    }

    #[test]
    fn looking_counts_its_reads() {
        let (seen, _) = look(b"%PDF-1.4\n", None).unwrap();
        assert_eq!((seen.reads, seen.bytes), (1, 9));
        assert_eq!(look(b"", None).unwrap().0.reads, 0);
    }
}
