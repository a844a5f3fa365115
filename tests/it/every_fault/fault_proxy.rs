//! A proxy between a function and the emulator. It forwards every request unchanged, with its signature, and injects the
//! planned faults.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::Notify;

use crate::support::stack;
use crate::tcp::{Request, end_of_head, serve};

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process is killed before the request takes effect.
    Killed,
    /// The process is killed after the request took effect, before the answer arrives.
    KilledAfter,
    /// The service answers with throttling.
    Throttled,
    /// The service answers 500 and the request has no effect.
    ServerError,
    /// The service answers 500 although the request took effect.
    ServerErrorAfter,
    /// The connection closes without an answer and the request has no effect.
    Disconnected,
    /// The connection closes without an answer although the request took effect.
    DisconnectedAfter,
    /// The request took effect and half of the answer arrives.
    TruncatedAnswer,
    /// The request took effect and no answer ever arrives.
    NoAnswer,
}

/// How often a fault occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occurrence {
    Once,
    /// At the first request and at every later one of the same name.
    Always,
}

/// A call of an invocation: the `nth` of its name, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NthCall {
    pub(super) name: String,
    pub(super) nth: usize,
}

/// A fault at a call.
#[derive(Debug, Clone)]
pub(super) struct PlannedFault {
    pub(super) call: NthCall,
    pub(super) fault: Fault,
    pub(super) occurrence: Occurrence,
}

impl PlannedFault {
    fn hits(&self, name: &str, nth: usize) -> bool {
        let is_later = self.call.nth < nth && self.occurrence == Occurrence::Always;
        self.call.name == name && (self.call.nth == nth || is_later)
    }
}

#[derive(Default)]
struct State {
    faults: Vec<PlannedFault>,
    calls: Vec<String>,
    counts: BTreeMap<String, usize>,
}

impl State {
    /// Counts a call, and returns the fault that is planned for it.
    fn fault_at(&mut self, name: &str) -> Option<Fault> {
        self.calls.push(name.to_owned());
        let nth = self.counts.entry(name.to_owned()).or_default();
        *nth += 1;
        let nth = *nth;
        self.faults.iter().find(|planned| planned.hits(name, nth)).map(|planned| planned.fault)
    }
}

/// The running proxy.
pub(super) struct FaultProxy {
    pub(super) endpoint: String,
    state: Arc<Mutex<State>>,
    killed: Arc<Notify>,
}

impl FaultProxy {
    pub(super) fn start(faults: Vec<PlannedFault>) -> Self {
        let state = Arc::new(Mutex::new(State { faults, ..State::default() }));
        let killed = Arc::new(Notify::new());
        let (shared_state, notify) = (Arc::clone(&state), Arc::clone(&killed));
        let endpoint = serve(move |client, request| proxy(client, request, &shared_state, &notify));
        Self { endpoint, state, killed }
    }

    /// A proxy that injects nothing.
    pub(super) fn without_faults() -> Self {
        Self::start(Vec::new())
    }

    /// The names of all calls so far, in their order.
    pub(super) fn calls(&self) -> Vec<String> {
        self.state.lock().unwrap().calls.clone()
    }

    /// Runs `work` to its end. `None` if a fault kills it.
    pub(super) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.killed.notified() => None,
            done = work => Some(done),
        }
    }
}

fn proxy(mut client: &TcpStream, request: &Request, state: &Mutex<State>, killed: &Notify) {
    let fault = state.lock().unwrap().fault_at(&call_name(request));
    let answer = match fault {
        Some(Fault::Throttled) => throttling_answer(request),
        Some(Fault::ServerError) => server_error(request),
        Some(Fault::ServerErrorAfter) => {
            forward(request);
            server_error(request)
        }
        Some(Fault::Disconnected) => Vec::new(),
        Some(Fault::DisconnectedAfter) => {
            forward(request);
            Vec::new()
        }
        Some(Fault::TruncatedAnswer) => {
            let answer = forward(request);
            let head = end_of_head(&answer).unwrap_or(answer.len());
            let body = answer.len() - head;
            let kept = if body == 0 { head / 2 } else { head + body / 2 };
            answer[..kept].to_vec()
        }
        Some(Fault::NoAnswer) => {
            forward(request);
            return wait_for_disconnect(client);
        }
        Some(Fault::Killed) => {
            killed.notify_one();
            return wait_for_disconnect(client);
        }
        Some(Fault::KilledAfter) => {
            forward(request);
            killed.notify_one();
            return wait_for_disconnect(client);
        }
        None => forward(request),
    };
    // The client may have closed the connection already.
    let _ = client.write_all(&answer);
}

/// Sends nothing until the client closes the connection.
fn wait_for_disconnect(mut client: &TcpStream) {
    let mut rest = [0; 256];
    while client.read(&mut rest).is_ok_and(|read| read > 0) {}
}

/// Sends the request to the emulator and returns its answer.
fn forward(request: &Request) -> Vec<u8> {
    let address = stack().endpoint.trim_start_matches("http://");
    let mut emulator = TcpStream::connect(address).unwrap();
    let (first, rest) = request.head.split_once("\r\n").unwrap();
    emulator.write_all(format!("{first}\r\nconnection: close\r\n{rest}").as_bytes()).unwrap();
    emulator.write_all(&request.body).unwrap();
    let mut answer = Vec::new();
    emulator.read_to_end(&mut answer).unwrap();
    assert!(!answer.is_empty(), "the emulator did not answer {}", call_name(request));
    answer
}

/// The API action, and for `DynamoDB` the kind of item or the index.
fn call_name(request: &Request) -> String {
    if let Some(target) = request.header("x-amz-target") {
        let action = target.split_once('.').unwrap().1;
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let pk = body["Item"]["pk"]["S"].as_str().or(body["Key"]["pk"]["S"].as_str());
        let object = pk.map(|pk| pk.split('#').next().unwrap()).or(body["IndexName"].as_str());
        return object.map_or_else(|| action.to_owned(), |object| format!("{action} {object}"));
    }
    let mut words = request.head.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let is_object = path.trim_matches('/').contains('/');
    match (method, is_object) {
        ("HEAD", true) => "HeadObject",
        ("GET", true) if has("uploadId") => "ListParts",
        ("GET", true) => "GetObject",
        ("POST", true) if has("uploads") => "CreateMultipartUpload",
        ("POST", true) if has("uploadId") => "CompleteMultipartUpload",
        ("DELETE", true) if has("uploadId") => "AbortMultipartUpload",
        ("DELETE", true) => "DeleteObject",
        ("GET", false) if has("versions") => "ListObjectVersions",
        ("GET", false) if has("uploads") => "ListMultipartUploads",
        _ => panic!("{method} {target}"),
    }
    .to_owned()
}

fn throttling_answer(request: &Request) -> Vec<u8> {
    match request.header("x-amz-target").map(|target| target.split('_').next().unwrap()) {
        Some("DynamoDB") => json_error(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
        Some(service) if service.starts_with("AmazonSQS") => json_error(400, "com.amazonaws.sqs#RequestThrottled"),
        Some(_) => json_error(400, "ThrottlingException"),
        None => xml_error(request, 503, "SlowDown"),
    }
}

fn server_error(request: &Request) -> Vec<u8> {
    match request.header("x-amz-target") {
        Some(_) => json_error(500, "InternalServerError"),
        None => xml_error(request, 500, "InternalError"),
    }
}

fn xml_error(request: &Request, status: u16, code: &str) -> Vec<u8> {
    let body = format!("<Error><Code>{code}</Code><Message>injected</Message></Error>");
    let body = if request.head.starts_with("HEAD ") { "" } else { &body };
    http_answer(status, "application/xml", body)
}

fn json_error(status: u16, kind: &str) -> Vec<u8> {
    http_answer(status, "application/x-amz-json-1.0", &format!(r#"{{"__type":"{kind}","message":"injected"}}"#))
}

fn http_answer(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}
