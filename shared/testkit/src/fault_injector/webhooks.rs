//! Webhook endpoints, secrets and waits, with calls that may be interrupted.

use std::time::Duration;

use super::FaultyPort;
use uploads_core::ports::queue::QueueError;
use uploads_core::ports::webhooks::{Answer, Endpoints, PostError, Received, SecretError, SecretStore, SignedDelivery};

impl<E: Endpoints> Endpoints for FaultyPort<'_, E> {
    async fn post(&self, url: &str, delivery: &SignedDelivery<'_>) -> Result<Answer, PostError> {
        self.faults.call(|| self.port.post(url, delivery), || PostError::Broken).await
    }
}

impl<S: SecretStore> SecretStore for FaultyPort<'_, S> {
    async fn value(&self, id: &str) -> Result<String, SecretError> {
        self.faults.call(|| self.port.value(id), || SecretError("interrupted".into())).await
    }
}

impl<M: Received> Received for FaultyPort<'_, M> {
    async fn hide(&self, receipt: &str, wait: Duration) -> Result<(), QueueError> {
        self.faults.call(|| self.port.hide(receipt, wait), || QueueError("interrupted".into())).await
    }
}
