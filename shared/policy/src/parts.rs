//! Parts of a multipart upload: numbers, entity tags, the plan of their sizes, and checks of a list of them.

mod etag;
mod list;
mod number;
mod plan;

pub use etag::{ETag, InvalidETag};
pub use list::{Part, PartsProblem, Ranges};
pub use number::PartNumber;
pub use plan::{ObjectTooLarge, PartPlan};

#[cfg(test)]
mod tests;
