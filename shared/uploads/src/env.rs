//! The world's clock and its randomness, passed in as values so that tests can stop both.

use jiff::Timestamp;

use policy::key::UploadId;

/// Where time and new ids come from.
#[derive(Clone, Copy)]
pub struct Env {
    /// The time.
    pub now: fn() -> Timestamp,
    /// Ten random bytes.
    pub random: fn() -> [u8; 10],
}

impl Env {
    /// The machine's.
    #[must_use]
    pub fn system() -> Self {
        Self { now: Timestamp::now, random: || *uuid::Uuid::new_v4().as_bytes().last_chunk().unwrap_or(&[0; 10]) }
    }

    /// A new id.
    #[must_use]
    pub fn upload_id(&self) -> UploadId {
        UploadId::new((self.now)(), (self.random)())
    }
}
