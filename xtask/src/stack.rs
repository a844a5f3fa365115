//! What a running stack looks like from outside: `target/local/stack.json`.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Outcome, local};

/// What the local stack is called.
pub const LOCAL: &str = "sluice-local";

/// Whether a name on the command line means the local stack.
#[must_use]
pub fn is_local(name: &str) -> bool {
    name == LOCAL || name == "local"
}

/// Where a stack is and who may use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stack {
    /// The API's address.
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
    /// The dead letters' URL.
    pub dlq: String,
    /// The function that announces verdicts, where there is a bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<String>,
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

/// Somebody with a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// What we call them.
    pub name: String,
    /// A JWT, valid for 24 hours.
    pub token: String,
}

impl Stack {
    /// Where it is written.
    #[must_use]
    pub fn file() -> PathBuf {
        local().join("stack.json")
    }

    /// Reads what `cargo xtask up` wrote.
    ///
    /// # Errors
    /// When no stack was started.
    pub fn read() -> Outcome<Self> {
        let file = Self::file();
        let text = fs::read_to_string(&file).map_err(|_| "no stack is running: start it with `cargo xtask up`")?;
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))
    }

    /// Writes it for tests and for people.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn write(&self) -> Outcome {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        fs::create_dir_all(local()).and_then(|()| fs::write(Self::file(), text + "\n")).map_err(|e| e.to_string())
    }
}
