#![doc = include_str!("../README.md")]

mod agreement;
mod byte_range;
mod bytes;
mod data;
mod extensions;
mod finding;
mod media_type;
mod readers;
mod report;
mod sniffed;
mod sniffer;
mod source;
mod type_lists;
mod type_names;

pub use agreement::{Agreement, MismatchCode, agree, is_generic};
pub use byte_range::ByteRange;
pub use extensions::{extension_of_type, is_type_of_extension, type_of_extension};
pub use finding::{Finding, FindingCode};
pub use media_type::{MediaType, NotAMediaType};
pub use sniffed::{Confidence, Sniffed};
pub use sniffer::{Sniffer, Step};
pub use type_names::{is_more_general, is_same_type, names_of_type};

#[cfg(test)]
mod tests;
