//! The ports: what the functions need of a bucket, a table, queues, an event bus and webhook endpoints, as traits.

pub mod announced;
pub mod due_index;
pub mod event_bus;
pub mod multipart_uploads;
pub mod object_listing;
pub mod objects;
pub mod queue;
pub mod records;
pub mod sessions;
pub mod webhooks;
