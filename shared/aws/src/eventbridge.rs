//! The event bus on `EventBridge`.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use crate::clients::{Clients, describe};
use uploads_core::ports::event_bus::{Bus, BusError, Event, Refused, SOURCE};

/// An event bus.
pub struct EventBridge {
    clients: Clients,
    name: String,
}

impl EventBridge {
    /// The bus called `name`, of this account and region.
    #[must_use]
    pub fn new(clients: Clients, name: &str) -> Self {
        Self { clients, name: name.to_owned() }
    }
}

impl Bus for EventBridge {
    async fn put(&self, events: &[Event]) -> Result<Vec<Refused>, BusError> {
        let entry = |event: &Event| {
            PutEventsRequestEntry::builder()
                .event_bus_name(&self.name)
                .source(SOURCE)
                .detail_type(event.detail_type)
                .resources(&event.resource)
                .detail(&event.detail)
                .build()
        };
        let put = self.clients.eventbridge().await.put_events();
        let put = put.set_entries(Some(events.iter().map(entry).collect()));
        let answer = put.send().await.map_err(|e| BusError(describe(&e).into()))?;
        // One entry per event, in order; a refused one has an error code.
        let entries = answer.entries.unwrap_or_default();
        if entries.len() != events.len() {
            return Err(BusError(format!("{} entries were answered with {}", events.len(), entries.len()).into()));
        }
        let refused = entries.into_iter().enumerate().filter_map(|(place, entry)| {
            let code = entry.error_code?;
            Some(Refused { place, why: format!("{code}: {}", entry.error_message.unwrap_or_default()) })
        });
        Ok(refused.collect())
    }
}
