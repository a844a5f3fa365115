//! A stand-in for S3 that speaks its XML about uploads in parts over real HTTP, and misbehaves on demand.
//!
//! A table answers at the same address, so that a function has everything it calls in one place.
//!
//! It holds no bytes: a part is a number, a size and an `ETag`. So an object of 48.8 TiB fits, and whatever S3 may do to a
//! client between asking and answering can be played to the SDK itself. Signatures are not looked at.

mod store;
mod table;
mod wire;

use std::collections::VecDeque;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use store::{Answer, Store};
use table::Table;
use wire::{Request, read, write};

pub use store::Object;

/// What happens when an upload is to be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// What S3 does on a good day.
    Plain,
    /// This status and code, and no object.
    Refuse(u16, &'static str),
    /// The object, and then this status and code all the same.
    RefuseAfter(u16, &'static str),
    /// Status 200 at once, blanks, and then an error with this code; no object.
    ErrorIn200(&'static str),
    /// The same, and the object is there.
    ErrorIn200After(&'static str),
    /// Status 200 at once, and blanks until [`Stub::release`]; then the object.
    Slow,
    /// The connection ends without an answer; no object.
    HangUp,
    /// The object, and then the connection ends without an answer.
    HangUpAfter,
    /// Status 200 and blanks, then the object, and then the connection ends.
    HangUpAmidst,
}

/// One bucket of any name. It ends with the process.
#[derive(Clone)]
pub struct Stub {
    address: String,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    store: Mutex<Store>,
    table: Mutex<Table>,
    script: Mutex<VecDeque<Scenario>>,
    requests: Mutex<Vec<String>>,
    released: Mutex<bool>,
    release: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stub {
    /// Starts one on a free port of the loopback interface.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let stub = Self { address: listener.local_addr()?.to_string(), inner: Arc::default() };
        let inner = Arc::clone(&stub.inner);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let inner = Arc::clone(&inner);
                // A client that went away is no fault of ours.
                thread::spawn(move || inner.converse(&stream).unwrap_or_default());
            }
        });
        Ok(stub)
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is to happen at the next completions; afterwards all days are good again.
    pub fn play(&self, scenes: &[Scenario]) {
        lock(&self.inner.script).extend(scenes);
    }

    /// Lets whoever plays [`Scenario::Slow`] come to an end.
    pub fn release(&self) {
        *lock(&self.inner.released) = true;
        self.inner.release.notify_all();
    }

    /// Stores parts `1..=count` of an upload, `size` bytes each and `last` in the last, without a request.
    pub fn fill(&self, upload: &str, count: u32, size: u64, last: u64) {
        lock(&self.inner.store).fill(upload, count, size, last);
    }

    /// The ids of all uploads under way.
    #[must_use]
    pub fn under_way(&self) -> Vec<String> {
        lock(&self.inner.store).uploads.keys().cloned().collect()
    }

    /// The object at `key`.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<Object> {
        lock(&self.inner.store).objects.get(key).cloned()
    }

    /// Puts an object there that no upload of ours made.
    pub fn put(&self, key: &str) {
        lock(&self.inner.store).objects.insert(key.to_owned(), Object::default());
    }

    /// Puts an object there: a table of `size` bytes, with these headers.
    pub fn hold(&self, key: &str, size: u64, headers: Vec<(String, String)>) {
        let object = Object { size, etag: "\"held\"".to_owned(), headers };
        lock(&self.inner.store).objects.insert(key.to_owned(), object);
    }

    /// What was asked for since the last time this was called, such as `POST uploadId`.
    #[expect(clippy::must_use_candidate, reason = "asking also forgets, which may be all that is wanted")]
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.inner.requests))
    }
}

impl Inner {
    fn converse(&self, stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::with_capacity(64 * 1024, stream);
        while let Some(request) = read(&mut reader)? {
            lock(&self.requests).push(request.summary());
            if !self.answer(stream, &request)? {
                break;
            }
        }
        Ok(())
    }

    /// Answers one request; whether the connection goes on.
    fn answer(&self, mut stream: &TcpStream, request: &Request) -> std::io::Result<bool> {
        if let Some(operation) = request.operation() {
            return write(stream, request, &lock(&self.table).perform(operation, &request.body));
        }
        let completes = request.method == "POST" && request.query("uploadId").is_some();
        let scenario =
            if completes { lock(&self.script).pop_front().unwrap_or(Scenario::Plain) } else { Scenario::Plain };
        let perform = || lock(&self.store).perform(request);
        let error = |status, code: &str| Answer::error(status, code);
        let streamed = |mut stream: &TcpStream, answer: &Answer| {
            stream.write_all(wire::BLANKS)?;
            stream.write_all(&wire::chunk(&answer.body))?;
            stream.write_all(b"0\r\n\r\n").map(|()| true)
        };
        match scenario {
            Scenario::Plain => write(stream, request, &perform()),
            Scenario::Refuse(status, code) => write(stream, request, &error(status, code)),
            Scenario::RefuseAfter(status, code) => {
                perform();
                write(stream, request, &error(status, code))
            }
            Scenario::ErrorIn200(code) => {
                stream.write_all(wire::BEGIN)?;
                streamed(stream, &error(200, code))
            }
            Scenario::ErrorIn200After(code) => {
                stream.write_all(wire::BEGIN)?;
                perform();
                streamed(stream, &error(200, code))
            }
            Scenario::Slow => {
                stream.write_all(wire::BEGIN)?;
                stream.write_all(wire::BLANKS)?;
                let mut released = lock(&self.released);
                while !*released {
                    released = self.release.wait(released).unwrap_or_else(PoisonError::into_inner);
                }
                drop(released);
                let answer = perform();
                streamed(stream, &answer)
            }
            Scenario::HangUp => Ok(false),
            Scenario::HangUpAfter => {
                perform();
                Ok(false)
            }
            Scenario::HangUpAmidst => {
                stream.write_all(wire::BEGIN)?;
                stream.write_all(wire::BLANKS)?;
                perform();
                Ok(false)
            }
        }
    }
}
