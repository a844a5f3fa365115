//! What one day's signatures share, worked out once a day.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::{Credentials, Signer, amz_date};

/// Makes signers of one set of credentials in one region. Clones share what they know.
#[derive(Clone)]
pub struct Signers {
    credentials: Credentials,
    region: String,
    last: Arc<Mutex<Option<Signer>>>,
}

impl Signers {
    /// Signers for S3 in `region`.
    #[must_use]
    pub fn new(credentials: Credentials, region: String) -> Self {
        Self { credentials, region, last: Arc::default() }
    }

    /// The signer for this instant.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Signer {
        let date = amz_date(now);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref() {
            // Only the day goes into key and scope; the time of day goes into each signature.
            Some(signer) if signer.date.get(..8) == date.get(..8) => Signer { date, ..signer.clone() },
            Some(_) | None => last.insert(Signer::new(&self.credentials, &self.region, now)).clone(),
        }
    }
}

impl fmt::Debug for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { credentials, region, last: _ } = self;
        f.debug_struct("Signers").field("credentials", credentials).field("region", region).finish_non_exhaustive()
    }
}
