//! An event bus, in memory.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use uploads_core::ports::event_bus::{Bus, BusError, Event, MAX_BATCH, Refused};

/// The accepted events, and which ones the bus refuses.
#[derive(Debug, Default)]
pub struct MemoryBus {
    events: Mutex<Vec<Event>>,
    refuses: Mutex<Option<String>>,
}

impl MemoryBus {
    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses events whose detail contains `text`; `None` accepts all again.
    pub fn refuse(&self, text: Option<&str>) {
        *self.refuses.lock().unwrap_or_else(PoisonError::into_inner) = text.map(str::to_owned);
    }

    /// Every accepted event, in order.
    #[must_use]
    pub fn told(&self) -> Vec<Event> {
        self.events().clone()
    }

    /// The ids of all accepted events, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        let id = |event: &Event| -> String {
            let detail: Value = serde_json::from_str(&event.detail).expect("JSON");
            detail["eventId"].as_str().expect("an event id").to_owned()
        };
        self.events().iter().map(id).collect()
    }

    /// The ids without duplicates.
    #[must_use]
    pub fn known(&self) -> BTreeSet<String> {
        self.ids().into_iter().collect()
    }
}

impl Bus for MemoryBus {
    async fn put(&self, events: &[Event]) -> Result<Vec<Refused>, BusError> {
        if events.is_empty() || events.len() > MAX_BATCH {
            return Err(BusError(format!("{} events in one call", events.len()).into()));
        }
        let refuses = self.refuses.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut refused = Vec::new();
        for (place, event) in events.iter().enumerate() {
            if refuses.as_ref().is_some_and(|text| event.detail.contains(text)) {
                refused.push(Refused { place, why: "ThrottlingException: refused".to_owned() });
            } else {
                self.events().push(event.clone());
            }
        }
        Ok(refused)
    }
}
