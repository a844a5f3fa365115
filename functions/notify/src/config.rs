//! The configuration of `notify`.

use std::time::Duration;

use lambda_http_kit::config::{self, Environment};

use crate::retry::Waits;

/// An endpoint, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Where deliveries are posted (`WEBHOOK_URLS`).
    pub url: String,
    /// The ARN of its secret (`WEBHOOK_SECRETS`).
    pub secret: String,
    /// Its queue (`WEBHOOK_QUEUES`).
    pub queue: String,
}

/// The configuration of the function.
#[derive(Debug, Clone)]
pub struct Config {
    /// The endpoints. Their variables are lists of equal length, with commas between the values.
    pub endpoints: Vec<Endpoint>,
    /// The waits between attempts, and their number (`WEBHOOK_RETRY_WAITS`, `WEBHOOK_ATTEMPTS`).
    pub waits: Waits,
    /// How long a whole delivery may take (`WEBHOOK_TIMEOUT`, 1 to 25 seconds, default 15).
    pub timeout: Duration,
    /// Whether `http` URLs and addresses that are not public are allowed (`WEBHOOK_PRIVATE_HOSTS`, default `false`).
    pub private_hosts: bool,
}

impl config::Config for Config {
    fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let private_hosts = environment.flag("WEBHOOK_PRIVATE_HOSTS");
        let lists = ["WEBHOOK_URLS", "WEBHOOK_SECRETS", "WEBHOOK_QUEUES"];
        for name in lists {
            environment.required(name);
        }
        let [urls, secrets, queues] = lists.map(|name| environment.list(name));
        for (url, endpoint) in urls.iter().zip(1..) {
            // The URL stays out of the log: its path may be a password.
            if !is_allowed(url, private_hosts) {
                environment.error(format!("WEBHOOK_URLS: URL {endpoint} must be an https URL without a user name"));
            }
        }
        if urls.len() != secrets.len() || urls.len() != queues.len() {
            environment
                .error("WEBHOOK_SECRETS and WEBHOOK_QUEUES must have one value for each of WEBHOOK_URLS".to_owned());
        }
        let attempts = environment.number("WEBHOOK_ATTEMPTS", 15, 1..=1000);
        let waits = environment.optional("WEBHOOK_RETRY_WAITS");
        let waits = Waits::parse(waits.as_deref().unwrap_or(Waits::USUAL), attempts?);
        if let Err(error) = &waits {
            environment.error(format!("WEBHOOK_RETRY_WAITS {error}"));
        }
        let timeout = environment.number("WEBHOOK_TIMEOUT", 15, 1..=25);
        let endpoints = urls.into_iter().zip(secrets).zip(queues);
        let endpoints = endpoints.map(|((url, secret), queue)| Endpoint { url, secret, queue }).collect();
        Some(Self { endpoints, waits: waits.ok()?, timeout: Duration::from_secs(timeout?.into()), private_hosts })
    }
}

/// Whether deliveries may be posted to `url`. A user name would be sent as a header to whoever answers.
fn is_allowed(url: &str, private_hosts: bool) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let scheme = url.scheme() == "https" || (private_hosts && url.scheme() == "http");
    scheme && url.has_host() && url.username().is_empty() && url.password().is_none()
}
