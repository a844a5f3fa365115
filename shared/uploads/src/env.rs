//! Clock and randomness, passed in as values so that tests can fix both.

use jiff::Timestamp;

use policy::key::UploadId;

/// The sources of time and of new ids.
#[derive(Clone, Copy)]
pub struct Env {
    /// The current time.
    pub now: fn() -> Timestamp,
    /// Ten random bytes.
    pub random: fn() -> [u8; 10],
}

impl Env {
    /// The system's clock and randomness.
    #[must_use]
    pub fn system() -> Self {
        Self { now: Timestamp::now, random: || *uuid::Uuid::new_v4().as_bytes().last_chunk().unwrap_or(&[0; 10]) }
    }

    /// A new upload id.
    #[must_use]
    pub fn upload_id(&self) -> UploadId {
        UploadId::new((self.now)(), (self.random)())
    }
}
