//! From the process's start to the last event: read the environment, build the handler, answer.

use std::time::SystemTime;

use lambda_http::lambda_runtime::{self, Diagnostic};
use lambda_http::{Body, Error, LambdaEvent, Request, Response, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::Config;
use crate::{http, telemetry};

/// A function behind API Gateway.
pub trait HttpHandler {
    /// Answers one request. A refusal is an answer too.
    fn handle(&self, request: Request) -> impl Future<Output = Response<Body>>;
}

/// A function that receives events.
pub trait EventHandler {
    /// Why an event must be delivered again.
    type Retry: Into<Diagnostic>;

    /// Handles one event until shortly before `deadline`, when Lambda ends the invocation.
    ///
    /// # Errors
    /// When the whole event must be delivered again.
    fn handle(&self, event: Value, deadline: SystemTime) -> impl Future<Output = Result<Value, Self::Retry>>;
}

/// Runs a function behind API Gateway until Lambda ends the process.
///
/// # Errors
/// For an unusable environment, and when the runtime API does not answer.
pub fn run_http<C: Config, H: HttpHandler>(build: impl FnOnce(C) -> H) -> Result<(), Error> {
    let handler = &start(build)?;
    // The event arrives unread: the runtime would otherwise keep track of positions for its error messages.
    block_on(lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
        // Boxed, because the compiler's limit for nested futures is reached otherwise.
        let response = Box::pin(handler.handle(http::request(event.payload.get())?)).await;
        Ok::<_, Error>(http::answer(response))
    })))
}

/// Runs a function that receives events until Lambda ends the process.
///
/// # Errors
/// For an unusable environment, and when the runtime API does not answer.
pub fn run_events<C: Config, H: EventHandler>(build: impl FnOnce(C) -> H) -> Result<(), Error> {
    let handler = &start(build)?;
    block_on(lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
        let deadline = event.context.deadline();
        Box::pin(handler.handle(event.payload, deadline)).await.map_err(Into::<Diagnostic>::into)
    })))
}

fn start<C: Config, H>(build: impl FnOnce(C) -> H) -> Result<H, Error> {
    telemetry::init();
    Ok(build(C::from_env()?))
}

/// One thread is enough: Lambda sends one event at a time.
fn block_on(run: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run)
}
