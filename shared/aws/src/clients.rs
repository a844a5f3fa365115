//! SDK clients, built at their first use: a function that only signs needs no TLS.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::{Builder, tls};
use tokio::sync::OnceCell;

/// How long one attempt of a call may take. A call without an answer is then retried like a failed one: by default the
/// SDK would wait until Lambda ends the function. Calls that may take minutes set their own time-out.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long all attempts of a call may take together: several calls still fit into the gateway's 30 seconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);

/// All clients over one HTTP client. Cheap to clone.
#[derive(Clone, Default)]
pub struct Clients(Arc<Cells>);

#[derive(Default)]
struct Cells {
    config: OnceCell<SdkConfig>,
    s3: OnceCell<aws_sdk_s3::Client>,
    dynamodb: OnceCell<aws_sdk_dynamodb::Client>,
    eventbridge: OnceCell<aws_sdk_eventbridge::Client>,
    secretsmanager: OnceCell<aws_sdk_secretsmanager::Client>,
    sqs: OnceCell<aws_sdk_sqs::Client>,
    path_style: bool,
}

/// The error of a call for the log: code and message. The raw answer is left out, because S3 repeats the canonical
/// request in some of them, session token included.
pub(crate) fn describe<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    match error {
        SdkError::ServiceError(failure) => {
            let (status, refusal) = (failure.raw().status(), failure.err());
            let (code, message) = (refusal.code().unwrap_or("no code"), refusal.message().unwrap_or("no message"));
            format!("{status} {code}: {message}")
        }
        SdkError::TimeoutError(_) => "timed out".to_owned(),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(cause) => format!("not sent: {}", DisplayErrorContext(cause)),
            None => "not sent".to_owned(),
        },
        SdkError::ResponseError(_) => "answered in another shape".to_owned(),
        _ => "the request could not be built".to_owned(),
    }
}

/// The region, the credentials and the HTTP client. Boxed, so that this crate alone compiles the loader: every function
/// would otherwise compile it again.
fn load_config() -> Pin<Box<dyn Future<Output = SdkConfig> + Send>> {
    // ring rather than aws-lc: no C++ build, and none of the 10 to 50 ms of entropy gathering that aws-lc does once per
    // process since 2025-10.
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let http = Builder::new().tls_provider(tls).build_https();
    let patience =
        TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build();
    Box::pin(aws_config::defaults(BehaviorVersion::latest()).http_client(http).timeout_config(patience).load())
}

impl Clients {
    /// New clients; with `path_style` they address buckets by path, as S3-compatible stores need it.
    #[must_use]
    pub fn new(path_style: bool) -> Self {
        Self(Arc::new(Cells { path_style, ..Cells::default() }))
    }

    /// Clients with the given configuration.
    #[must_use]
    pub fn of(config: SdkConfig, path_style: bool) -> Self {
        Self(Arc::new(Cells { config: OnceCell::new_with(Some(config)), path_style, ..Cells::default() }))
    }

    async fn config(&self) -> &SdkConfig {
        self.0.config.get_or_init(load_config).await
    }

    pub(crate) async fn s3(&self) -> &aws_sdk_s3::Client {
        self.0
            .s3
            .get_or_init(async || {
                let config = aws_sdk_s3::config::Builder::from(self.config().await);
                aws_sdk_s3::Client::from_conf(config.force_path_style(self.0.path_style).build())
            })
            .await
    }

    pub(crate) async fn eventbridge(&self) -> &aws_sdk_eventbridge::Client {
        self.0.eventbridge.get_or_init(async || aws_sdk_eventbridge::Client::new(self.config().await)).await
    }

    pub(crate) async fn secretsmanager(&self) -> &aws_sdk_secretsmanager::Client {
        self.0.secretsmanager.get_or_init(async || aws_sdk_secretsmanager::Client::new(self.config().await)).await
    }

    pub(crate) async fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.0.dynamodb.get_or_init(async || aws_sdk_dynamodb::Client::new(self.config().await)).await
    }

    pub(crate) async fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.0.sqs.get_or_init(async || aws_sdk_sqs::Client::new(self.config().await)).await
    }
}

#[cfg(test)]
mod tests;
