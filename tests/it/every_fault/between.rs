//! What stands between a function and AWS: passes every request on as it came, signature and all, but one.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use tokio::sync::Notify;

use crate::world::stack;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The function's process ends before the request is sent, or before its answer comes.
    Killed,
    KilledAfter,
    /// The service says: slower.
    Throttled,
    /// It says 500 instead of doing it, or after it did it.
    Failed,
    FailedAfter,
    /// The connection ends without a word, before or after it was done.
    Cut,
    CutAfter,
    /// The request took effect, and half of the answer arrives.
    Half,
    /// The request took effect, and there is never an answer.
    Silent,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasting {
    Once,
    Always,
}

/// One call among those of an invocation: the `nth` of its name, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) nth: usize,
}

#[derive(Default)]
struct State {
    trouble: Vec<(Place, Fault, Lasting)>,
    seen: Vec<String>,
    counts: BTreeMap<String, usize>,
}

/// The way to AWS, with trouble on it or none.
pub(super) struct Between {
    pub(super) endpoint: String,
    state: Arc<Mutex<State>>,
    killed: Arc<Notify>,
}

impl Between {
    pub(super) fn with(trouble: Vec<(Place, Fault, Lasting)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { trouble, ..State::default() }));
        let killed = Arc::new(Notify::new());
        let between = Self { endpoint, state: Arc::clone(&state), killed: Arc::clone(&killed) };
        // Ends with the test's own process: accepting has no time limit in the standard library.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (state, killed) = (Arc::clone(&state), Arc::clone(&killed));
                thread::spawn(move || pass(&stream, &state, &killed));
            }
        });
        between
    }

    /// The names of all calls so far, in their order.
    pub(super) fn seen(&self) -> Vec<String> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Runs `work` to its end, or until it is killed.
    pub(super) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.killed.notified() => None,
            done = work => Some(done),
        }
    }
}

fn pass(mut client: &TcpStream, state: &Mutex<State>, killed: &Notify) {
    let Some(request) = Request::read(client) else { return };
    let name = request.name();
    let fault = {
        let mut state = state.lock().unwrap();
        state.seen.push(name.clone());
        let nth = state.counts.entry(name.clone()).or_default();
        *nth += 1;
        let nth = *nth;
        let hit = |(place, _, lasting): &&(Place, Fault, Lasting)| {
            place.name == name && (place.nth == nth || (place.nth < nth && *lasting == Lasting::Always))
        };
        state.trouble.iter().find(hit).map(|(_, fault, _)| *fault)
    };
    let answer = match fault {
        Some(Fault::Throttled) => request.slower(),
        Some(Fault::Failed) => request.broken(),
        Some(Fault::FailedAfter) => {
            request.forward();
            request.broken()
        }
        Some(Fault::Cut) => Vec::new(),
        Some(Fault::CutAfter) => {
            request.forward();
            Vec::new()
        }
        Some(Fault::Half) => {
            let whole = request.forward();
            let head = end_of_head(&whole).unwrap_or(whole.len());
            let rest = whole.len() - head;
            let kept = if rest == 0 { head / 2 } else { head + rest / 2 };
            whole[..kept].to_vec()
        }
        Some(Fault::Silent) => {
            request.forward();
            return wait_for_the_end(client);
        }
        Some(Fault::Killed) => {
            killed.notify_one();
            return wait_for_the_end(client);
        }
        Some(Fault::KilledAfter) => {
            request.forward();
            killed.notify_one();
            return wait_for_the_end(client);
        }
        None => request.forward(),
    };
    // The other side may be gone already, which is its own affair.
    let _ = client.write_all(&answer);
}

/// Answers nothing until the other side has had enough.
fn wait_for_the_end(mut client: &TcpStream) {
    let mut rest = [0; 256];
    while client.read(&mut rest).is_ok_and(|read| read > 0) {}
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// One request as it came.
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    /// Reads a whole one; `None` when the other side only tried the connection.
    fn read(mut stream: &TcpStream) -> Option<Self> {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 16 * 1024]);
        loop {
            if let Some(end) = end_of_head(&bytes) {
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
                let request = Self { head, body: bytes[end..].to_vec() };
                let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
                if request.body.len() >= length {
                    return Some(request);
                }
            }
            let read = stream.read(&mut buffer).unwrap_or(0);
            if read == 0 {
                return None;
            }
            bytes.extend_from_slice(&buffer[..read]);
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    /// What the emulator answers.
    fn forward(&self) -> Vec<u8> {
        let address = stack().endpoint.trim_start_matches("http://");
        let mut emulator = TcpStream::connect(address).unwrap();
        let (first, rest) = self.head.split_once("\r\n").unwrap();
        emulator.write_all(format!("{first}\r\nconnection: close\r\n{rest}").as_bytes()).unwrap();
        emulator.write_all(&self.body).unwrap();
        let mut answer = Vec::new();
        emulator.read_to_end(&mut answer).unwrap();
        assert!(!answer.is_empty(), "the emulator said nothing to {}", self.name());
        answer
    }

    /// What is asked, and of which kind of item.
    fn name(&self) -> String {
        if let Some(target) = self.header("x-amz-target") {
            let action = target.split_once('.').unwrap().1;
            let body: Value = serde_json::from_slice(&self.body).unwrap();
            let pk = body["Item"]["pk"]["S"].as_str().or(body["Key"]["pk"]["S"].as_str());
            let what = pk.map(|pk| pk.split('#').next().unwrap()).or(body["IndexName"].as_str());
            return what.map_or_else(|| action.to_owned(), |what| format!("{action} {what}"));
        }
        let mut words = self.head.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let asks = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        let of_object = path.trim_matches('/').contains('/');
        match (method, of_object) {
            ("HEAD", true) => "HeadObject",
            ("GET", true) if asks("uploadId") => "ListParts",
            ("GET", true) => "GetObject",
            ("POST", true) if asks("uploads") => "CreateMultipartUpload",
            ("POST", true) if asks("uploadId") => "CompleteMultipartUpload",
            ("DELETE", true) if asks("uploadId") => "AbortMultipartUpload",
            ("DELETE", true) => "DeleteObject",
            ("GET", false) if asks("versions") => "ListObjectVersions",
            ("GET", false) if asks("uploads") => "ListMultipartUploads",
            _ => panic!("{method} {target}"),
        }
        .to_owned()
    }

    fn slower(&self) -> Vec<u8> {
        match self.header("x-amz-target").map(|target| target.split('_').next().unwrap()) {
            Some("DynamoDB") => json(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
            Some(service) if service.starts_with("AmazonSQS") => json(400, "com.amazonaws.sqs#RequestThrottled"),
            Some(_) => json(400, "ThrottlingException"),
            None => self.xml(503, "SlowDown"),
        }
    }

    fn broken(&self) -> Vec<u8> {
        match self.header("x-amz-target") {
            Some(_) => json(500, "InternalServerError"),
            None => self.xml(500, "InternalError"),
        }
    }

    fn xml(&self, status: u16, code: &str) -> Vec<u8> {
        let body = format!("<Error><Code>{code}</Code><Message>so it says</Message></Error>");
        let body = if self.head.starts_with("HEAD ") { "" } else { &body };
        answer(status, "application/xml", body)
    }
}

fn json(status: u16, kind: &str) -> Vec<u8> {
    answer(status, "application/x-amz-json-1.0", &format!(r#"{{"__type":"{kind}","message":"so it says"}}"#))
}

fn answer(status: u16, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}
