//! The part list of a request to complete a multipart upload, in JSON or in S3's XML.

use lambda_http::Request;
use serde::Deserialize;

use crate::http::{Code, Problem, parse_body};
use policy::parts::{ETag, PartNumber};
use uploads_core::multipart::RequestedParts;

/// The body of `POST multipart/{uploadId}/complete`. Other fields are ignored.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct CompletedParts {
    parts: Vec<CompletedPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct CompletedPart {
    part_number: u32,
    #[serde(rename = "ETag")]
    etag: String,
}

/// The parts in the request body.
///
/// # Errors
/// 400 for a body of another form, 422 for an invalid part number or entity tag.
pub fn named_parts(request: &Request, xml: bool) -> Result<RequestedParts, Problem> {
    let body: CompletedParts =
        if xml { parse_xml(&String::from_utf8_lossy(request.body()))? } else { parse_body(request)? };
    let part = |CompletedPart { part_number, etag }| {
        let number = PartNumber::new(part_number)
            .ok_or_else(|| Problem::new(Code::InvalidPart, "part 0 does not exist: part numbers start at 1"))?;
        let etag = ETag::parse(&etag)
            .map_err(|_| Problem::new(Code::InvalidPart, format!("part {part_number}: `etag` is not an entity tag")))?;
        Ok((number, etag, None))
    };
    let parts: Result<_, Problem> = body.parts.into_iter().map(part).collect();
    Ok(RequestedParts { parts: Some(parts?), checksum: None })
}

/// Parses `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>…` as Uppy writes it: without
/// attributes, and without entities other than quotes.
///
/// An unreadable part is an error. Without a declared size, leaving it out would create a shorter object.
fn parse_xml(text: &str) -> Result<CompletedParts, Problem> {
    let content_of = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.trim().replace("&quot;", "\"").replace("&#34;", "\""))
    };
    let part = |(index, text): (usize, &str)| {
        let parse = || {
            Some(CompletedPart {
                part_number: content_of(text, "PartNumber")?.parse().ok()?,
                etag: content_of(text, "ETag")?,
            })
        };
        let position = index.saturating_add(1);
        parse().ok_or_else(|| {
            Problem::new(
                Code::InvalidPart,
                format!("entry {position} of the part list needs a `PartNumber` and an `ETag`"),
            )
        })
    };
    let parts: Result<_, Problem> = text.split("<Part>").skip(1).enumerate().map(part).collect();
    Ok(CompletedParts { parts: parts? })
}
