//! The main loop of a function: read the configuration, build the handler, handle events.

use std::time::SystemTime;

use lambda_http::lambda_runtime::{self, Diagnostic};
use lambda_http::{Body, Error, LambdaEvent, Request, Response, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::Config;
use crate::{http, telemetry};

/// A function behind API Gateway.
pub trait HttpHandler {
    /// Handles one request. Errors are responses too.
    fn handle(&self, request: Request) -> impl Future<Output = Response<Body>>;
}

/// A function that receives events.
pub trait EventHandler {
    /// The reason for which Lambda must deliver the event again.
    type Retry: Into<Diagnostic>;

    /// Handles one event. Lambda ends the invocation at `deadline`.
    ///
    /// # Errors
    /// If Lambda must deliver the whole event again.
    fn handle(&self, event: Value, deadline: SystemTime) -> impl Future<Output = Result<Value, Self::Retry>>;
}

/// Runs a function behind API Gateway until Lambda ends the process.
///
/// # Errors
/// For an invalid environment, and if the runtime API does not answer.
pub fn run_http<C: Config, H: HttpHandler>(build: impl FnOnce(C) -> H) -> Result<(), Error> {
    let handler = &start(build)?;
    // With `RawValue` the runtime does not parse the event, which saves its tracking of error positions.
    block_on(lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
        // Without the box, the nested futures exceed the compiler's limit.
        let response = Box::pin(handler.handle(http::request(event.payload.get())?)).await;
        Ok::<_, Error>(http::to_gateway(response))
    })))
}

/// Runs a function that receives events until Lambda ends the process.
///
/// # Errors
/// For an invalid environment, and if the runtime API does not answer.
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

/// Lambda sends one event at a time, so the runtime has one thread.
fn block_on(run: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run)
}
