//! Every route with golden events and memory ports.
