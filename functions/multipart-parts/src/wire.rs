//! Bodies as callers see them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::checksum::Checksum;
use shared::http::{Code, Problem, Ticking};
use shared::multipart::Listing;
use shared::parts::PartNumber;
use shared::session::Session;

/// The body of `POST …/parts`: some numbers, or a range.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object")]
pub(crate) struct Wanted {
    part_numbers: Option<Vec<u32>>,
    from: Option<u32>,
    count: Option<u32>,
    /// Base64 by part number, where the session asks for checksums.
    #[serde(default)]
    checksums: BTreeMap<u32, String>,
}

impl Wanted {
    /// The parts to sign, in the caller's order.
    pub(crate) fn into_parts(self, session: &Session) -> Result<Vec<Ticking>, Problem> {
        let last = session.plan.last();
        let numbers = match (self.part_numbers, self.from) {
            (Some(numbers), None) if self.count.is_none() => numbers,
            (None, Some(from)) => {
                // No count: as many as there are, or as one answer holds. What lies beyond the plan is refused below.
                let end = self.count.map_or(u32::MAX, |count| from.saturating_add(count).saturating_sub(1));
                (from..=end.min(last.get().max(from))).collect()
            }
            (Some(_), _) | (None, None) => {
                let detail = "send either partNumbers, or from with an optional count";
                return Err(Problem::new(Code::InvalidBody, detail));
            }
        };
        numbers.into_iter().map(|number| self::part(number, session, &self.checksums)).collect()
    }
}

fn part(number: u32, session: &Session, checksums: &BTreeMap<u32, String>) -> Result<Ticking, Problem> {
    let zero = || Problem::new(Code::InvalidPart, "parts are numbered from 1");
    let known = PartNumber::new(number).ok_or_else(zero)?;
    let checksum = match (checksums.get(&number), session.terms.part_checksum) {
        (None, _) => None,
        (Some(_), None) => {
            let detail = "this session was begun without partChecksum: its parts can't be bound to checksums";
            return Err(Problem::new(Code::ChecksumUnfit, detail));
        }
        (Some(value), Some(algorithm)) => {
            let checksum = Checksum::parse(algorithm.name(), value);
            Some(checksum.map_err(|e| Problem::new(Code::InvalidChecksum, format!("part {number}: {e}")))?)
        }
    };
    Ok((known, checksum))
}

/// The answer to `GET …/parts`.
#[derive(Serialize)]
pub(crate) struct Stored {
    parts: Vec<StoredPart>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StoredPart {
    part_number: u32,
    etag: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
}

impl From<&Listing> for Stored {
    fn from(listing: &Listing) -> Self {
        let parts = listing.parts.iter().map(|part| StoredPart {
            part_number: part.number.get(),
            etag: part.etag.to_string(),
            size: part.size.bytes(),
            checksum: part.checksum.clone(),
        });
        Self { parts: parts.collect() }
    }
}
