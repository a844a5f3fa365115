//! Lists of files, and sniffing of a file on disk through ranged reads as if it were in a bucket.
//!
//! A list is tab-separated without quoting. Its first line names the columns.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use content_sniff::MediaType;
use content_sniff::{Sniffed, Sniffer, Step};

use crate::Result;

/// One line of a list.
pub(crate) struct Row {
    columns: Vec<(String, String)>,
    number: usize,
}

impl Row {
    /// The text of a column.
    pub(crate) fn get(&self, column: &str) -> Result<&str> {
        let cell = self.columns.iter().find(|(name, _)| name == column);
        cell.map(|(_, text)| text.as_str()).ok_or_else(|| format!("line {}: no column {column:?}", self.number))
    }

    /// The media type in a column.
    pub(crate) fn media_type(&self, column: &str) -> Result<MediaType> {
        let text = self.get(column)?;
        MediaType::parse(text).map_err(|e| format!("line {}: {text:?} is not a media type: {e}", self.number))
    }
}

/// Reads a list. Empty lines are skipped.
pub(crate) fn rows(list: &Path) -> Result<Vec<Row>> {
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

/// Reads a UTF-8 file.
pub(crate) fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Reads a file.
pub(crate) fn object(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Sniffs `object` from its size, the ranges that the sniffer requests and the declared type, if any. Also returns the
/// elapsed time without the reads.
pub(crate) fn sniff_object(object: &[u8], declared: Option<&MediaType>) -> Result<(Sniffed, Duration)> {
    let size = u64::try_from(object.len()).map_err(|e| e.to_string())?;
    let mut started = Instant::now();
    let (mut sniffer, mut step) = Sniffer::start(size, declared);
    let mut elapsed = started.elapsed();
    loop {
        match step {
            Step::Done(sniffed) => return Ok((sniffed, elapsed)),
            Step::Read(range) => {
                let outside = || format!("{range:?} is outside the object of {size} bytes");
                let end = range.start.checked_add(range.len).ok_or_else(outside)?;
                let (start, end) = (usize::try_from(range.start), usize::try_from(end));
                let window = start.ok().zip(end.ok()).and_then(|(start, end)| object.get(start..end));
                let window = window.ok_or_else(outside)?;
                started = Instant::now();
                (sniffer, step) = sniffer.feed(window);
                elapsed += started.elapsed();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_by_its_column_names() {
        let rows = parse("path\ttype\na.png\timage/png\n\nb\tnothing\n");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].get("path").unwrap(), "a.png");
        assert_eq!(rows[0].media_type("type").unwrap().essence(), "image/png");
        assert_eq!(rows[1].get("size").unwrap_err(), "line 4: no column \"size\"");
        assert!(rows[1].media_type("type").unwrap_err().starts_with("line 4: \"nothing\""));
        assert!(parse("").is_empty());
    }

    #[test]
    fn sniffing_counts_its_reads() {
        let (sniffed, _) = sniff_object(b"%PDF-1.4\n", None).unwrap();
        assert_eq!((sniffed.reads, sniffed.bytes), (1, 9));
        assert_eq!(sniff_object(b"", None).unwrap().0.reads, 0);
    }
}
