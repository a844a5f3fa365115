//! Requests about many uploads at once, and as many results as a response has room for.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::problem::{Code, Problem};

/// The largest number of uploads in one request.
pub const MAX_BATCH: usize = 1000;

/// The maximum size of the results in one response. A response may have 6 MB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>, read 2026-11). It contains the body as a
/// JSON string, in which quotes, backslashes and line ends are escaped.
const MAX_RESULTS_BYTES: usize = 5_500_000;

/// The results of a batch, in the order of the request.
#[derive(Debug, Serialize)]
pub struct BatchResults {
    results: Vec<Box<RawValue>>,
    /// The index of the first entry without a result here: send it and those after it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<usize>,
}

impl BatchResults {
    /// Takes results until the response has no room for the next one. At least one is taken.
    #[expect(clippy::missing_panics_doc, reason = "results have string keys, so they serialise")]
    pub fn new<T: Serialize>(all: impl IntoIterator<Item = T>) -> Self {
        let (mut results, mut bytes): (Vec<Box<RawValue>>, usize) = (Vec::new(), 0);
        for result in all {
            let result = serde_json::value::to_raw_value(&result).expect("results have string keys, so they serialise");
            let text = result.get();
            let escaped = text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count() + 1;
            if bytes + escaped > MAX_RESULTS_BYTES && !results.is_empty() {
                let next = Some(results.len());
                return Self { results, next };
            }
            bytes += escaped;
            results.push(result);
        }
        Self { results, next: None }
    }
}

/// A list in a request body, with 1 to [`MAX_BATCH`] entries.
///
/// # Errors
/// 400 for an empty list, or one that is too long.
pub fn checked_batch<'a, T: Deserialize<'a>>(entries: Vec<T>, name: &str) -> Result<Vec<T>, Problem> {
    match entries.len() {
        0 => Err(Problem::new(Code::InvalidBody, format!("`{name}` is empty: send 1 to {MAX_BATCH} entries"))),
        1..=MAX_BATCH => Ok(entries),
        count => {
            let detail =
                format!("`{name}` has {count} entries, above the maximum of {MAX_BATCH}: send several requests");
            Err(Problem::new(Code::InvalidBody, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_fill_a_response_and_the_next_index_continues() {
        let all = |length: usize, count: usize| BatchResults::new((0..count).map(|_| "x".repeat(length)));
        assert_eq!((all(10, 1000).results.len(), all(10, 1000).next), (1000, None));
        let cut = all(10_000, 1000);
        let bytes: usize = cut.results.iter().map(|result| result.get().len()).sum();
        assert_eq!(cut.next, Some(cut.results.len()));
        assert!(bytes <= MAX_RESULTS_BYTES && bytes + 10_010 > MAX_RESULTS_BYTES - 5 * cut.results.len(), "{bytes}");
        assert_eq!(all(6_000_000, 2).next, Some(1), "one result is always there");
        assert_eq!(BatchResults::new(["\"".repeat(3_000_000), String::new()]).next, Some(1), "escaped quotes count");
    }

    #[test]
    fn a_batch_has_one_to_a_thousand_entries() {
        for (count, taken) in [(0, false), (1, true), (999, true), (1000, true), (1001, false)] {
            assert_eq!(checked_batch(vec![0_u8; count], "ids").is_ok(), taken, "{count}");
        }
    }
}
