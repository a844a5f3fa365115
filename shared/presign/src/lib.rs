#![doc = include_str!("../README.md")]

mod credentials;
pub mod endpoint;
pub mod post;
mod signer;
mod signers;
mod sigv4;

pub use credentials::Credentials;
pub use endpoint::{Addressing, BucketEndpoint};
pub use signer::{Request, Signer};
pub use signers::Signers;
pub use sigv4::expiry;

#[cfg(test)]
mod tests;
