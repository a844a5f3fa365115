//! Presigned URLs of parts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::problem::{Code, Problem};
use crate::config::ApiConfig;
use policy::checksum::Checksum;
use policy::parts::PartNumber;
use policy::session::{Session, State};
use policy::size::ByteSize;
use s3_presigner::{Request, expiry};
use uploads_core::multipart::SessionProblem;

/// The presigned URL of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartUrl {
    /// The number of the part.
    pub part_number: u32,
    /// The client sends the part to this URL with PUT.
    pub url: String,
    /// The client sends these headers with these values. Names in lower case.
    pub headers: BTreeMap<&'static str, String>,
    /// The exact size of the part in bytes; `None` if the size of the object is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// When the URL expires.
    pub expires_at: Timestamp,
}

/// A page of presigned part URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartUrls {
    /// The URLs, in the requested order.
    pub parts: Vec<PartUrl>,
    /// The number of the first requested part that is not on this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}

/// The number of a part to sign, and the checksum to which its URL is bound.
pub type PartToSign = (PartNumber, Option<Checksum>);

/// The maximum size of the part URLs on one page. A response may have 6 MB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>, read 2026-11). It contains the body as a
/// JSON string, in which each quote is escaped with a second byte.
const MAX_PAGE_BYTES: usize = 5_000_000;

/// An upper bound for field names, quotes and numbers of one [`PartUrl`] in JSON.
const PART_URL_OVERHEAD_BYTES: usize = 200;

/// An upper bound for quotes and separators of one header in JSON.
const HEADER_OVERHEAD_BYTES: usize = 12;

/// Signs as many of `requested` as fit into one response.
///
/// # Errors
/// 422 for a part above the last one, or without the checksum that the session requires. 409 or 410 if the session
/// accepts no parts.
pub fn sign_parts(
    config: &ApiConfig,
    session: &Session,
    requested: impl IntoIterator<Item = PartToSign>,
    now: Timestamp,
) -> Result<PartUrls, Problem> {
    let upload = open_upload(session, now)?;
    let signer = config.signers.at(now);
    let key = session.key.to_string();
    let expires_at = expiry(now, session.terms.url_life);
    let mut page = PartUrls { parts: Vec::new(), next: None };
    let mut remaining_bytes = MAX_PAGE_BYTES;
    for (number, checksum) in requested {
        let headers = headers(session, number, checksum.as_ref())?;
        let query = [("partNumber", number.to_string()), ("uploadId", upload.to_owned())];
        let request =
            Request { method: "PUT", endpoint: &config.endpoint, key: &key, headers: &headers, query: &query };
        let url = signer.presign(&request, session.terms.url_life);
        let header_bytes = |(name, value): &(&str, String)| name.len() + value.len() + HEADER_OVERHEAD_BYTES;
        let needed_bytes = url.len() + PART_URL_OVERHEAD_BYTES + headers.iter().map(header_bytes).sum::<usize>();
        if needed_bytes > remaining_bytes && !page.parts.is_empty() {
            page.next = Some(number.get());
            break;
        }
        remaining_bytes = remaining_bytes.saturating_sub(needed_bytes);
        page.parts.push(PartUrl {
            part_number: number.get(),
            url,
            headers: headers.into_iter().collect(),
            size: session.plan.size_of(number).map(ByteSize::bytes),
            expires_at,
        });
    }
    Ok(page)
}

/// S3's upload id of a session that accepts parts.
fn open_upload(session: &Session, now: Timestamp) -> Result<&str, Problem> {
    match &session.state {
        State::Open { .. } | State::Opening if session.is_over(now) => Err(SessionProblem::Closed.into()),
        State::Open { upload } => Ok(upload),
        // Another request creates it, or was interrupted. Listing the parts creates it too.
        State::Opening => {
            Err(Problem::new(Code::Unavailable, "this multipart upload is not created yet: retry in a second"))
        }
        State::Completing(_) => Err(SessionProblem::Completing.into()),
        State::Completed(_) => Err(SessionProblem::Completed.into()),
        State::Aborted(_) | State::Expired(_) => Err(SessionProblem::Closed.into()),
    }
}

/// The headers to sign: the exact size of the part if it is known, and its checksum if the session requires one.
fn headers(
    session: &Session,
    number: PartNumber,
    checksum: Option<&Checksum>,
) -> Result<Vec<(&'static str, String)>, Problem> {
    let last = session.plan.last();
    if number > last {
        let detail = format!("part {number} is above the last one, {last}");
        return Err(Problem::new(Code::InvalidPart, detail));
    }
    let mut headers = Vec::with_capacity(2);
    if let Some(size) = session.plan.size_of(number) {
        headers.push(("content-length", size.bytes().to_string()));
    }
    match (session.terms.part_checksum, checksum) {
        (None, None) => {}
        (Some(algorithm), Some(checksum)) if checksum.algorithm() == algorithm => {
            headers.push((algorithm.header(), checksum.value().to_owned()));
        }
        (Some(algorithm), _) => {
            let detail = format!("part {number} requires a {} checksum: send it in `checksums`", algorithm.name());
            return Err(Problem::new(Code::ChecksumRequired, detail));
        }
        (None, Some(_)) => {
            let detail = "this upload was created without `partChecksum`: leave the checksums of the parts out";
            return Err(Problem::new(Code::ChecksumTypeUnsupported, detail));
        }
    }
    Ok(headers)
}
