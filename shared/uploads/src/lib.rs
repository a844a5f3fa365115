//! What several functions do over the ports: multipart uploads, deletions.
//!
//! Nothing here names a vendor; [`ports`] are the traits that an adapter implements.

mod backend_error;
pub mod deletion;
pub mod env;
pub mod multipart;
pub mod ports;

pub use backend_error::BackendError;
