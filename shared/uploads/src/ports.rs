//! The ports: what the functions need of a bucket, a table, a queue and an event bus, as traits.

pub mod due_index;
pub mod event_bus;
pub mod multipart_uploads;
pub mod object_listing;
pub mod objects;
pub mod queue;
pub mod records;
pub mod sessions;
