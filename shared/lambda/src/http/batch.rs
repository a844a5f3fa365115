//! Requests about many uploads at once, and as many results as a response has room for.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};

use super::problem::{Code, Problem};
use super::response::json_text;

/// The largest number of uploads in one request.
pub const MAX_BATCH: usize = 1000;

/// The maximum size of the results in one response. A response may have 6 MB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>, read 2026-11). It contains the body as a
/// JSON string, in which quotes, backslashes and line ends are escaped.
const MAX_RESULTS_BYTES: usize = 5_500_000;

/// The results of a batch, in the order of the request. Each is serialised once, into the body.
#[derive(Debug)]
pub struct BatchResults {
    /// The body without its end.
    body: Vec<u8>,
    count: usize,
    /// The index of the first entry without a result here: send it and those after it again.
    next: Option<usize>,
}

impl BatchResults {
    /// Takes results until the response has no room for the next one. At least one is taken.
    #[expect(clippy::missing_panics_doc, reason = "results have string keys, so they serialise")]
    pub fn new<T: Serialize>(all: impl IntoIterator<Item = T>) -> Self {
        let mut results = Self { body: br#"{"results":["#.to_vec(), count: 0, next: None };
        let mut bytes = 0;
        for result in all {
            let end = results.body.len();
            if results.count > 0 {
                results.body.push(b',');
            }
            serde_json::to_writer(&mut results.body, &result).expect("results have string keys, so they serialise");
            let text = &results.body[end..];
            bytes += text.len() + text.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count();
            if bytes > MAX_RESULTS_BYTES && results.count > 0 {
                results.body.truncate(end);
                results.next = Some(results.count);
                break;
            }
            results.count += 1;
        }
        results
    }

    /// 200 with the results, and `next` if there is one.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "JSON is UTF-8")]
    pub fn respond(mut self) -> Response<Body> {
        self.body.push(b']');
        if let Some(next) = self.next {
            self.body.extend_from_slice(format!(r#","next":{next}"#).as_bytes());
        }
        self.body.push(b'}');
        json_text(StatusCode::OK, String::from_utf8(self.body).expect("JSON is UTF-8"))
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
        assert_eq!((all(10, 1000).count, all(10, 1000).next), (1000, None));
        let cut = all(10_000, 1000);
        let bytes = cut.body.len();
        assert_eq!(cut.next, Some(cut.count));
        assert!(bytes <= MAX_RESULTS_BYTES && bytes + 10_010 > MAX_RESULTS_BYTES - 5 * cut.count, "{bytes}");
        assert_eq!(all(6_000_000, 2).next, Some(1), "one result is always there");
        assert_eq!(BatchResults::new(["\"".repeat(3_000_000), String::new()]).next, Some(1), "escaped quotes count");
    }

    #[test]
    fn the_body_is_json_with_every_result_that_was_taken() {
        for (length, count) in [(10, 0), (10, 1), (10, 1000), (10_000, 1000)] {
            let results = BatchResults::new((0..count).map(|n| format!("{n}-{}", "\"".repeat(length))));
            let (taken, next) = (results.count, results.next);
            let body: serde_json::Value = serde_json::from_slice(results.respond().body()).unwrap();
            let told: Vec<&str> = body["results"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
            assert_eq!((told.len(), body["next"].as_u64()), (taken, next.map(|next| next as u64)));
            assert!((0..).zip(&told).all(|(n, result): (usize, _)| result.starts_with(&format!("{n}-\""))), "in order");
        }
    }

    #[test]
    fn a_batch_has_one_to_a_thousand_entries() {
        for (count, taken) in [(0, false), (1, true), (999, true), (1000, true), (1001, false)] {
            assert_eq!(checked_batch(vec![0_u8; count], "ids").is_ok(), taken, "{count}");
        }
    }
}
