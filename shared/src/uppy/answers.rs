//! What such a client is told, name by name as Companion tells it.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::signing::ticket::Ticket;

/// The answer to `GET params`. Version 6 wants `fields.key` and takes forms only; versions 4 and 5 take PUT as well.
#[derive(Debug, Serialize)]
pub struct Params {
    method: &'static str,
    url: String,
    fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Map<String, Value>>,
    /// Seconds from now.
    expires: u64,
}

impl Params {
    /// A signed grant whose life is `life`.
    #[must_use]
    pub fn new(ticket: Ticket, life: Duration) -> Self {
        let map = |name: &str, value: String| (name.to_owned(), Value::String(value));
        let expires = life.as_secs();
        match ticket {
            Ticket::Put { url, headers, .. } => {
                // Scripts may not set the length; browsers send the true one.
                let headers = headers.into_iter().filter(|(name, _)| *name != "content-length");
                let headers = Some(headers.map(|(name, value)| map(name, value)).collect());
                Self { method: "PUT", url, fields: Map::new(), headers, expires }
            }
            Ticket::Post { form, .. } => {
                let fields = form.fields.into_iter().map(|(name, value)| map(&name, value)).collect();
                Self { method: "POST", url: form.url, fields, headers: None, expires }
            }
        }
    }
}
