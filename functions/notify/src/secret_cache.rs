//! Secrets, kept for a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uploads_core::ports::webhooks::{SecretError, SecretStore};

use crate::secret::{InvalidSecret, Secrets};

/// How long a secret is used without being read again. `sluice webhook-secret rotate` shows a new secret only after
/// this time, when every running function signs with it.
pub(crate) const LIFE: SignedDuration = SignedDuration::from_secs(60);

/// Why a delivery can't be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("Secrets Manager did not return the secret")]
    Unread(#[from] SecretError),
    #[error(transparent)]
    Invalid(#[from] InvalidSecret),
}

/// The secrets of all endpoints, by ARN.
pub(crate) struct SecretCache<S> {
    store: S,
    known: Mutex<HashMap<String, (Arc<Secrets>, Timestamp)>>,
}

impl<S: SecretStore> SecretCache<S> {
    pub(crate) fn new(store: S) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// The secrets of an endpoint, as they were at most [`LIFE`] ago.
    pub(crate) async fn get(&self, id: &str, now: Timestamp) -> Result<Arc<Secrets>, Unusable> {
        if let Some((secrets, read_at)) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id)
            && now.duration_since(*read_at) < LIFE
        {
            return Ok(Arc::clone(secrets));
        }
        let secrets = Arc::new(Secrets::parse(&self.store.value(id).await?)?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // `now` is before the read, so the age is never underestimated.
        known.insert(id.to_owned(), (Arc::clone(&secrets), now));
        Ok(secrets)
    }
}
