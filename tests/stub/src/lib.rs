//! A stand-in for S3 that answers multipart-upload calls with S3's XML over HTTP, and fails on demand.
//!
//! A table answers at the same address, so one endpoint serves everything that a function calls.
//!
//! It stores no bytes: a part is a number, a size and an `ETag`. An object of 48.8 TiB therefore fits, and the SDK can
//! meet every fault between request and answer. Signatures are not verified.

mod request;
mod store;
mod table;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{Error, ErrorKind};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::Sender;
use http_body_util::{Channel, Either, Full};
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::time::sleep;

use request::Request;
use store::{Answer, Store};
use table::Table;

pub use store::Object;

/// What S3 sends at once when a completion takes long
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>, read 2026-11).
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// What S3 sends meanwhile, so that the connection stays open.
const BLANKS: &str = " \n \n";

/// How long hyper gets to send a chunk before the connection is cut.
const FLUSH_TIME: Duration = Duration::from_millis(50);

/// How the stub answers a `CompleteMultipartUpload`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompleteFault {
    /// As S3 answers without a fault.
    Plain,
    /// This status and code, and no object.
    Refuse(u16, &'static str),
    /// The object is stored; the answer is this status and code.
    RefuseAfter(u16, &'static str),
    /// Status 200 at once, blanks, and then an error with this code; no object.
    ErrorIn200(&'static str),
    /// The same, and the object is stored.
    ErrorIn200After(&'static str),
    /// Status 200 at once, and blanks until [`Stub::release`]; then the object is stored.
    Slow,
    /// The connection ends without an answer; no object.
    HangUp,
    /// The object is stored, and the connection ends without an answer.
    HangUpAfter,
    /// Status 200 and blanks; the object is stored, and the connection ends.
    HangUpAmidst,
}

/// One bucket, whatever name a request gives it. It lives as long as the process.
#[derive(Clone)]
pub struct Stub {
    address: String,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    store: Mutex<Store>,
    table: Mutex<Table>,
    script: Mutex<VecDeque<CompleteFault>>,
    requests: Mutex<Vec<String>>,
    released: watch::Sender<bool>,
}

type Body = Either<Full<Bytes>, Channel<Bytes, Error>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stub {
    /// Starts one on a free port of the loopback interface.
    ///
    /// # Errors
    /// When no port is free or no thread can be started.
    pub fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let stub = Self { address: listener.local_addr()?.to_string(), inner: Arc::default() };
        let inner = Arc::clone(&stub.inner);
        // A runtime of its own: a test's runtime may have a stopped clock.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("s3-stub".to_owned()).spawn(move || {
            // Ends with the process, or with an error of the listener.
            let _: Result<Infallible, Error> = runtime.block_on(inner.serve(listener));
        })?;
        Ok(stub)
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the scenarios of the next completions; later ones are [`CompleteFault::Plain`].
    pub fn play(&self, scenarios: &[CompleteFault]) {
        lock(&self.inner.script).extend(scenarios);
    }

    /// Ends the waiting of every [`CompleteFault::Slow`].
    pub fn release(&self) {
        self.inner.released.send_replace(true);
    }

    /// Stores parts `1..=count` of an upload, `size` bytes each and `last` in the last, without a request.
    pub fn fill(&self, upload: &str, count: u32, size: u64, last: u64) {
        lock(&self.inner.store).fill(upload, count, size, last);
    }

    /// The ids of all uploads in progress.
    #[must_use]
    pub fn under_way(&self) -> Vec<String> {
        lock(&self.inner.store).uploads.keys().cloned().collect()
    }

    /// The object at `key`.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<Object> {
        lock(&self.inner.store).objects.get(key).cloned()
    }

    /// Stores an object without size, `ETag` and metadata.
    pub fn put(&self, key: &str) {
        lock(&self.inner.store).objects.insert(key.to_owned(), Object::default());
    }

    /// Stores an object: a CSV file of `size` bytes with these headers.
    pub fn hold(&self, key: &str, size: u64, headers: Vec<(String, String)>) {
        let object = Object { size, etag: "\"held\"".to_owned(), headers };
        lock(&self.inner.store).objects.insert(key.to_owned(), object);
    }

    /// Takes the list of requests since the last call, such as `POST uploadId`.
    #[expect(clippy::must_use_candidate, reason = "a caller may only want to empty the list")]
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.inner.requests))
    }
}

impl Inner {
    async fn serve(self: Arc<Self>, listener: TcpListener) -> std::io::Result<Infallible> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let inner = Arc::clone(&self);
            let service = service_fn(move |request| Arc::clone(&inner).answer(request));
            // A connection that the client or a scenario cuts is expected.
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    }

    async fn answer(self: Arc<Self>, request: hyper::Request<Incoming>) -> Result<Response<Body>, Error> {
        let request = Request::read(request).await.map_err(Error::other)?;
        lock(&self.requests).push(request.summary());
        if let Some(operation) = request.operation() {
            return whole(&request, lock(&self.table).perform(operation, &request.body));
        }
        let completes = request.method == "POST" && request.query("uploadId").is_some();
        let scenario = if completes { lock(&self.script).pop_front() } else { None };
        match scenario.unwrap_or(CompleteFault::Plain) {
            CompleteFault::Plain => whole(&request, self.perform(&request)),
            CompleteFault::Refuse(status, code) => whole(&request, Answer::error(status, code)),
            CompleteFault::RefuseAfter(status, code) => {
                self.perform(&request);
                whole(&request, Answer::error(status, code))
            }
            CompleteFault::HangUp => Err(hang_up()),
            CompleteFault::HangUpAfter => {
                self.perform(&request);
                Err(hang_up())
            }
            streamed => {
                let (sender, body) = Channel::new(1);
                tokio::spawn(self.stream(streamed, request, sender));
                response(200, &[], Either::Right(body))
            }
        }
    }

    /// Sends the body of an answer whose status is already sent.
    async fn stream(self: Arc<Self>, scenario: CompleteFault, request: Request, mut sender: Sender<Bytes, Error>) {
        let start = format!("{DECLARATION}{BLANKS}");
        // A client that is gone takes no data; the object is stored all the same.
        let _ = sender.send_data(start.into()).await;
        let answer = match scenario {
            CompleteFault::ErrorIn200(code) => Answer::error(200, code),
            CompleteFault::ErrorIn200After(code) => {
                self.perform(&request);
                Answer::error(200, code)
            }
            CompleteFault::Slow => {
                let _ = self.released.subscribe().wait_for(|released| *released).await;
                self.perform(&request)
            }
            _ => {
                sleep(FLUSH_TIME).await;
                self.perform(&request);
                return sender.abort(hang_up());
            }
        };
        let rest = answer.body.strip_prefix(DECLARATION).unwrap_or(&answer.body).to_owned();
        let _ = sender.send_data(rest.into()).await;
    }

    fn perform(&self, request: &Request) -> Answer {
        lock(&self.store).perform(request)
    }
}

fn hang_up() -> Error {
    Error::new(ErrorKind::ConnectionAborted, "the scenario cuts the connection")
}

fn whole(request: &Request, answer: Answer) -> Result<Response<Body>, Error> {
    let bodiless = request.method == "HEAD" || answer.status == 204;
    let body = if bodiless { Bytes::new() } else { answer.body.into() };
    response(answer.status, &answer.headers, Either::Left(Full::new(body)))
}

fn response(status: u16, headers: &[(String, String)], body: Body) -> Result<Response<Body>, Error> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    if response.headers_ref().is_some_and(|known| !known.contains_key(CONTENT_TYPE)) {
        response = response.header(CONTENT_TYPE, "application/xml");
    }
    response.body(body).map_err(Error::other)
}

#[cfg(test)]
mod tests;
