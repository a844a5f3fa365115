//! The S3 routes of Companion, for Uppy and other clients: lenient parsing of requests, and Companion's responses.
//!
//! This module converts a request to the types of the native routes, so that the functions handle both alike.

mod completed;
mod file;
mod query;
mod respond;
mod responses;
mod sign;
mod xml;

pub use crate::uppy_route::{Operation, Route};
pub use completed::named_parts;
pub use file::{Created, UppyFile};
pub use query::{query, wants_xml};
pub use respond::{error_response, respond};
pub use responses::{
    AbortResponse, CompleteResponse, CreateResponse, ListedPart, Params, PartList, SignedBatch, SignedPart,
};
pub use sign::{ApiRequest, SignBody, Signed, ToSign};
pub use xml::ToXml;

#[cfg(test)]
mod tests;
