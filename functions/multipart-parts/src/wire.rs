//! The JSON bodies of requests and answers.

use std::collections::BTreeMap;

use lambda_http_kit::http::{Code, PartToSign, Problem};
use policy::checksum::Checksum;
use policy::parts::PartNumber;
use policy::session::Session;
use serde::{Deserialize, Serialize};
use uploads_core::multipart::Listing;

/// The body of `POST …/parts`: either `partNumbers`, or `from` with an optional `count`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object")]
pub(crate) struct SignBody {
    part_numbers: Option<Vec<u32>>,
    from: Option<u32>,
    count: Option<u32>,
    /// Base64 by part number, for a session with `partChecksum`.
    #[serde(default)]
    checksums: BTreeMap<u32, String>,
}

impl SignBody {
    /// The parts to sign, in the caller's order.
    pub(crate) fn into_parts(self, session: &Session) -> Result<Vec<PartToSign>, Problem> {
        let last = session.plan.last();
        let numbers = match (self.part_numbers, self.from) {
            (Some(numbers), None) if self.count.is_none() => numbers,
            (None, Some(from)) => {
                // Without a count: up to the last part. At least `from` stays in the list, so that a `from` beyond the
                // last part is refused when it is signed.
                let end = self.count.map_or(u32::MAX, |count| from.saturating_add(count).saturating_sub(1));
                (from..=end.min(last.get().max(from))).collect()
            }
            (Some(_), _) | (None, None) => {
                let detail = "send either `partNumbers`, or `from` with an optional `count`";
                return Err(Problem::new(Code::InvalidBody, detail));
            }
        };
        numbers.into_iter().map(|number| read_part(number, session, &self.checksums)).collect()
    }
}

fn read_part(number: u32, session: &Session, checksums: &BTreeMap<u32, String>) -> Result<PartToSign, Problem> {
    let zero = || Problem::new(Code::InvalidPart, "0 is not a part number: part numbers start at 1");
    let part_number = PartNumber::new(number).ok_or_else(zero)?;
    let checksum = match (checksums.get(&number), session.terms.part_checksum) {
        (None, _) => None,
        (Some(_), None) => {
            let detail = "this session was created without `partChecksum`: send no `checksums`";
            return Err(Problem::new(Code::ChecksumTypeUnsupported, detail));
        }
        (Some(value), Some(algorithm)) => {
            let checksum = Checksum::parse(algorithm.name(), value);
            Some(checksum.map_err(|e| Problem::new(Code::InvalidChecksum, format!("part {number}: {e}")))?)
        }
    };
    Ok((part_number, checksum))
}

/// The answer to `GET …/parts`.
#[derive(Serialize)]
pub(crate) struct ListResponse {
    parts: Vec<ListedPart>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedPart {
    part_number: u32,
    /// With quotes, as S3 writes it.
    etag: String,
    /// Bytes.
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
}

impl From<&Listing> for ListResponse {
    fn from(listing: &Listing) -> Self {
        let parts = listing.parts.iter().map(|part| ListedPart {
            part_number: part.number.get(),
            etag: part.etag.to_string(),
            size: part.size.bytes(),
            checksum: part.checksum.clone(),
        });
        Self { parts: parts.collect() }
    }
}
