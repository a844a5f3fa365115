//! `sluice`: what operators run against a deployment. A library too, so that the acceptance tests can call it.

pub mod account;
pub mod cost;
pub mod progress;
pub mod redrive;
pub mod republish;
mod target;
pub mod upload;
pub mod verify;
pub mod webhook_secret;

/// The template that this program was built with.
const TEMPLATE: &str = include_str!("../../template.yaml");
