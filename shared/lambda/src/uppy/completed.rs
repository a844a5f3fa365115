//! The parts that such a client names when it wants its upload completed, in JSON or in S3's XML.

use lambda_http::Request;
use serde::Deserialize;

use crate::http::{Code, Problem, parse_body};
use policy::parts::{ETag, PartNumber};
use uploads_core::multipart::RequestedParts;

/// The body of `POST multipart/{upload}/complete`. Other fields are the client's own business.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Named {
    parts: Vec<NamedPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct NamedPart {
    part_number: u32,
    #[serde(rename = "ETag")]
    etag: String,
}

/// What is to be completed.
///
/// # Errors
/// 400 for a body of another shape, 422 for parts that can't be any.
pub fn named_parts(request: &Request, xml: bool) -> Result<RequestedParts, Problem> {
    let named = if xml { in_xml(&String::from_utf8_lossy(request.body()))? } else { parse_body(request)? };
    let part = |NamedPart { part_number, etag }| {
        let none = || Problem::new(Code::InvalidPart, format!("part {part_number} has an etag that is none"));
        let zero = || Problem::new(Code::InvalidPart, "parts are numbered from 1");
        Ok((PartNumber::new(part_number).ok_or_else(zero)?, ETag::parse(&etag).map_err(|_| none())?, None))
    };
    let parts: Result<_, Problem> = named.parts.into_iter().map(part).collect();
    Ok(RequestedParts { parts: Some(parts?), checksum: None })
}

/// `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>…`: no attributes, no entities but those
/// of quotes, for the only client that writes it here is Uppy. A part that can't be read is refused, never left out: where
/// no size was declared, a list that is too short makes a shorter object.
fn in_xml(text: &str) -> Result<Named, Problem> {
    let between = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.trim().replace("&quot;", "\"").replace("&#34;", "\""))
    };
    let part = |(n, text): (usize, &str)| {
        let read = || {
            Some(NamedPart { part_number: between(text, "PartNumber")?.parse().ok()?, etag: between(text, "ETag")? })
        };
        let place = n.saturating_add(1);
        read().ok_or_else(|| {
            Problem::new(Code::InvalidPart, format!("the part in place {place} of the list can't be read"))
        })
    };
    let parts: Result<_, Problem> = text.split("<Part>").skip(1).enumerate().map(part).collect();
    Ok(Named { parts: parts? })
}
