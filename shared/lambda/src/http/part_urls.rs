//! Pages of signed part URLs, as callers get them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Code, Problem};
use crate::config::ApiConfig;
use policy::checksum::Checksum;
use policy::parts::PartNumber;
use policy::session::{Session, State};
use s3_presigner::{Request, expiry};

/// The URL of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartUrl {
    /// Which part.
    pub part_number: u32,
    /// Where to PUT it.
    pub url: String,
    /// Exactly what to send along, lower-case names.
    pub headers: BTreeMap<&'static str, String>,
    /// Its exact size in bytes, where the whole was declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Until when S3 takes it.
    pub expires_at: Timestamp,
}

/// One page of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartUrls {
    /// The URLs.
    pub parts: Vec<PartUrl>,
    /// The first of the parts asked for that this page has no room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}

/// A part to be signed, with the checksum that its URL is bound to.
pub type PartToSign = (PartNumber, Option<Checksum>);

/// How many bytes of an answer the URLs may take. Lambda's limit is 6 MB for the whole response
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>, read 2026-11), in which the body is a
/// string: each of its quotes counts twice.
const MAX_URL_BYTES: usize = 5_000_000;

/// Signs as many of `wanted` as fit into one answer.
///
/// # Errors
/// 422 for a part beyond the plan, or without the checksum that the session asks for; 409 or 410 when no parts can come.
pub fn sign_parts(
    config: &ApiConfig,
    session: &Session,
    wanted: impl IntoIterator<Item = PartToSign>,
    now: Timestamp,
) -> Result<PartUrls, Problem> {
    let upload = open_upload(session, now)?;
    let signer = config.signers.at(now);
    let key = session.key.to_string();
    let expires_at = expiry(now, session.terms.url_life);
    let mut page = PartUrls { parts: Vec::new(), next: None };
    let mut room = MAX_URL_BYTES;
    for (number, checksum) in wanted {
        let headers = headers(session, number, checksum.as_ref())?;
        let query = [("partNumber", number.to_string()), ("uploadId", upload.to_owned())];
        let request =
            Request { method: "PUT", endpoint: &config.endpoint, key: &key, headers: &headers, query: &query };
        let url = signer.presign(&request, session.terms.url_life);
        // Names, quotes and the rest of an item; headers are short and few.
        let taken = url.len() + 200 + headers.iter().map(|(name, value)| name.len() + value.len() + 12).sum::<usize>();
        if taken > room && !page.parts.is_empty() {
            page.next = Some(number.get());
            break;
        }
        room = room.saturating_sub(taken);
        page.parts.push(PartUrl {
            part_number: number.get(),
            url,
            headers: headers.into_iter().collect(),
            size: session.plan.size_of(number).map(policy::size::ByteSize::bytes),
            expires_at,
        });
    }
    Ok(page)
}

fn open_upload(session: &Session, now: Timestamp) -> Result<&str, Problem> {
    use uploads_core::multipart::SessionProblem;
    match &session.state {
        State::Open { .. } | State::Opening if session.is_over(now) => Err(SessionProblem::Closed.into()),
        State::Open { upload } => Ok(upload),
        // Begun by a request that is not over, or never ended: listing the parts begins it.
        State::Opening => Err(Problem::new(Code::Unavailable, "this upload is about to begin: try again in a second")),
        State::Completing(_) => Err(SessionProblem::Completing.into()),
        State::Completed(_) => Err(SessionProblem::Completed.into()),
        State::Aborted(_) | State::Expired(_) => Err(SessionProblem::Closed.into()),
    }
}

/// What the part must come with: its exact length where that is known, and its checksum where the session has them.
fn headers(
    session: &Session,
    number: PartNumber,
    checksum: Option<&Checksum>,
) -> Result<Vec<(&'static str, String)>, Problem> {
    let last = session.plan.last();
    if number > last {
        let detail = format!("part {number} is beyond the last one, {last}");
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
            let detail = format!("part {number} needs its {} checksum: this session asks for them", algorithm.name());
            return Err(Problem::new(Code::ChecksumRequired, detail));
        }
        (None, Some(_)) => {
            let detail = "this session was begun without partChecksum: its parts can't be bound to checksums";
            return Err(Problem::new(Code::ChecksumTypeUnsupported, detail));
        }
    }
    Ok(headers)
}
