//! Secrets in Secrets Manager.

use crate::clients::{Clients, describe};
use uploads_core::ports::webhooks::{SecretError, SecretStore};

/// The secrets of this account and region.
pub struct SecretsManager(pub Clients);

impl SecretStore for SecretsManager {
    async fn value(&self, id: &str) -> Result<String, SecretError> {
        let get = self.0.secretsmanager().await.get_secret_value().secret_id(id);
        let answer = get.send().await.map_err(|error| SecretError(describe(&error).into()))?;
        answer.secret_string.ok_or_else(|| SecretError("the secret is not text".into()))
    }
}
