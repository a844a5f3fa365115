//! A stub of Lambda: starts a `bootstrap` and serves the runtime API to it on the loopback interface.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>, read 2026-11. It serves only the calls of a
//! function without errors: `GET …/invocation/next` and `POST …/invocation/{id}/response`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// The longest wait for the next call of a function.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// The figures of one process of a function.
pub(crate) struct ProcessRun {
    /// From the start to the first call for an event.
    pub(crate) ready: Duration,
    /// From the start to the end of the first response.
    pub(crate) first_response: Option<Duration>,
    /// From event to response, for each invocation after the first.
    pub(crate) warm: Vec<Duration>,
    /// The last response.
    pub(crate) response: Vec<u8>,
    /// The processor time of all threads.
    pub(crate) processor: Option<Duration>,
    /// The same without the kernel's.
    pub(crate) user: Option<Duration>,
    /// The peak resident memory in bytes.
    pub(crate) peak_memory: Option<u64>,
}

/// A call of the function to the runtime API, and its time.
enum Call {
    Ready(Instant),
    Response { sent: Instant, received: Instant, body: Vec<u8> },
    Failed(String),
}

/// Starts `command` as Lambda does and sends `event` to it `invocations` times.
///
/// The output of the process is discarded, because the speed of a terminal would change the figures.
pub(crate) fn run_process(command: &mut Command, event: &str, invocations: usize) -> Result<ProcessRun> {
    let text = |e: std::io::Error| format!("the stub of the runtime API: {e}");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
    let address = listener.local_addr().map_err(text)?;
    let (sender, calls) = mpsc::channel();
    let event = Arc::new(Event::new(event, invocations));
    thread::spawn(move || {
        // The thread ends with the bench: the standard library has no time-out for accepting.
        for stream in listener.incoming().map_while(Result::ok) {
            let (event, sender) = (Arc::clone(&event), sender.clone());
            thread::spawn(move || serve(&stream, &event, &sender));
        }
    });
    command.env("AWS_LAMBDA_RUNTIME_API", address.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("{} could not be started: {e}", name(command)))?;
    let run = collect(&calls, started, invocations, child.id());
    stop(&mut child);
    run.map_err(|problem| format!("{}: {problem}", name(command)))
}

/// The command for a function's `bootstrap`, with `environment` as its whole environment.
pub(crate) fn function(bootstrap: &Path, environment: &[(&str, String)]) -> Command {
    let mut command = Command::new(bootstrap);
    command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn stop(child: &mut Child) {
    // Both fail only if the process has already ended.
    let _ = child.kill();
    let _ = child.wait();
}

/// Collects the figures until `invocations` responses have arrived.
fn collect(calls: &Receiver<Call>, started: Instant, invocations: usize, process: u32) -> Result<ProcessRun> {
    let next = || match calls.recv_timeout(CALL_TIMEOUT) {
        Ok(Call::Failed(problem)) => Err(problem),
        Ok(call) => Ok(call),
        Err(_) => Err(format!("no call to the runtime API for {} s", CALL_TIMEOUT.as_secs())),
    };
    let Call::Ready(ready) = next()? else { return Err("it sent a response before it requested an event".to_owned()) };
    let mut run = ProcessRun {
        ready: ready - started,
        first_response: None,
        warm: Vec::new(),
        response: Vec::new(),
        processor: None,
        user: None,
        peak_memory: None,
    };
    let mut responses = 0;
    while responses < invocations {
        if let Call::Response { sent, received, body } = next()? {
            match run.first_response {
                None => run.first_response = Some(received - started),
                Some(_) => run.warm.push(received - sent),
            }
            run.response = body;
            responses += 1;
        }
    }
    run.peak_memory = crate::machine::peak_memory(process);
    run.processor = crate::machine::processor_time_of(process);
    run.user = crate::machine::user_time_of(process);
    Ok(run)
}

/// The event as an HTTP response, and the invocations that remain.
struct Event {
    message: Vec<u8>,
    /// The number of events still to send, and the time of the last one sent.
    remaining: Mutex<(usize, Instant)>,
}

impl Event {
    fn new(body: &str, invocations: usize) -> Self {
        let message = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
             Lambda-Runtime-Deadline-Ms: 4102444800000\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:bench\r\n\
             Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n\r\n{body}",
            body.len()
        );
        Self { message: message.into_bytes(), remaining: Mutex::new((invocations, Instant::now())) }
    }
}

/// Serves one connection. The function keeps it open between its calls.
fn serve(stream: &TcpStream, event: &Event, sender: &Sender<Call>) {
    let outcome =
        stream.set_nodelay(true).map_err(|e| e.to_string()).and_then(|()| serve_requests(stream, event, sender));
    if let Err(problem) = outcome {
        // Fails if the figures are complete and the receiver is gone.
        let _ = sender.send(Call::Failed(problem));
    }
}

fn serve_requests(mut stream: &TcpStream, event: &Event, sender: &Sender<Call>) -> Result {
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    while let Some((line, body)) = read_request(&mut reader)? {
        let received = Instant::now();
        let mut remaining = event.remaining.lock().unwrap_or_else(PoisonError::into_inner);
        if line.starts_with("GET /2018-06-01/runtime/invocation/next ") {
            let _ = sender.send(Call::Ready(received));
            // Without a further event the function waits, as it does on Lambda, until it is stopped.
            if remaining.0 > 0 {
                *remaining = (remaining.0 - 1, Instant::now());
                stream.write_all(&event.message).map_err(|e| e.to_string())?;
            }
        } else if line.starts_with("POST /2018-06-01/runtime/invocation/") && line.contains("/response ") {
            let _ = sender.send(Call::Response { sent: remaining.1, received, body });
            stream
                .write_all(b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n")
                .map_err(|e| e.to_string())?;
        } else {
            return Err(format!("it called {line:?}: {}", String::from_utf8_lossy(&body)));
        }
    }
    Ok(())
}

/// Reads the request line and the body; `None` if the connection is closed.
fn read_request(reader: &mut BufReader<&TcpStream>) -> Result<Option<(String, Vec<u8>)>> {
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return Ok(None);
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).map_err(|e| e.to_string())?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| format!("it sent {line:?}"))?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err("it streams its response, which this stub does not support".to_owned());
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).map_err(|e| e.to_string())?;
    Ok(Some((first.trim_end().to_owned(), body)))
}
