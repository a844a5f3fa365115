//! HTTP requests and responses. Only this module gives an error its HTTP status.

mod batch;
mod body;
mod caller;
mod event;
mod idempotency;
mod part_urls;
mod problem;
mod response;
mod route;
mod upload_request;

pub use batch::{BatchResults, MAX_BATCH, checked_batch};
pub use body::parse_body;
pub use caller::{caller, named_caller, session_key};
pub use event::request;
pub(crate) use event::to_gateway;
pub use idempotency::idempotent_id;
pub use part_urls::{PartToSign, PartUrl, PartUrls, sign_parts};
pub use problem::{Code, Problem};
pub use response::json;
pub use route::Route;
pub use upload_request::{ChecksumBody, CreateFields, SizeBody};
