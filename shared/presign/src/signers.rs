//! A cache of the day's signing key.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::credentials::Credentials;
use crate::signer::Signer;
use crate::sigv4::{amz_date, day_of};

/// Makes a [`Signer`] for any instant, and derives the signing key once per UTC day. Clones share the cached key.
#[derive(Clone)]
pub struct Signers {
    credentials: Credentials,
    region: String,
    last: Arc<Mutex<Option<Signer>>>,
}

impl Signers {
    /// Signers for S3 in `region`, such as `eu-central-1`.
    #[must_use]
    pub fn new(credentials: Credentials, region: String) -> Self {
        Self { credentials, region, last: Arc::default() }
    }

    /// A signer whose URLs are valid from `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Signer {
        let date = amz_date(now);
        // A panic between lock and unlock can't leave a half-written signer, so a poisoned lock is usable.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref() {
            // Key and scope contain the day only. The time of day is part of each signature.
            Some(signer) if day_of(&signer.date) == day_of(&date) => signer.clone().with_date(date),
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
