//! `target/local/stack.json`: the addresses, names and users of the running local stack.

use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::local;

/// The name of the local stack.
pub const LOCAL: &str = "sluice-local";

/// Whether a name on the command line means the local stack.
#[must_use]
pub fn is_local(name: &str) -> bool {
    name == LOCAL || name == "local"
}

/// A deployed local stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stack {
    /// The API's address, without a slash at the end. Every resolver knows its host, 127.0.0.1.
    pub api_url: String,
    /// The emulator's address, for SDKs.
    pub endpoint: String,
    /// The region.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// The table's name.
    pub table: String,
    /// The event queue's URL.
    pub queue: String,
    /// The dead-letter queue's URL.
    pub dlq: String,
    /// The function that publishes events, where there is a bus or a webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<String>,
    /// The ARN of each webhook endpoint's secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhook_secrets: Vec<String>,
    /// The URL of each webhook endpoint's queue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhook_queues: Vec<String>,
    /// The URL of the webhooks' dead-letter queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_dead_letters: Option<String>,
    /// The emulator's root key.
    pub credentials: StackCredentials,
    /// Two different users.
    pub users: Vec<User>,
}

/// A key pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackCredentials {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

/// A user with a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user's name.
    pub name: String,
    /// A JWT, valid for 24 hours.
    pub token: String,
}

impl Stack {
    /// The path of the file: `SLUICE_STACK`, or the usual place in this repository.
    #[must_use]
    pub fn file() -> PathBuf {
        env::var_os("SLUICE_STACK").map_or_else(|| local().join("stack.json"), PathBuf::from)
    }

    /// Reads what `cargo xtask up` wrote.
    ///
    /// # Errors
    /// When no stack was started.
    pub fn read() -> Result<Self> {
        let file = Self::file();
        let text =
            fs::read_to_string(&file).ok().context("no local stack is running: start it with `cargo xtask up`")?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not readable: run `cargo xtask up` to write it again", file.display()))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write(&self) -> Result<()> {
        let file = Self::file();
        let text = serde_json::to_string_pretty(self)?;
        fs::create_dir_all(local())?;
        fs::write(&file, text + "\n").with_context(|| format!("{} can't be written", file.display()))
    }
}
