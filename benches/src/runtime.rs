//! A stand-in for Lambda itself: starts a `bootstrap` and plays the runtime API to it on the loopback interface.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>, read 2026-11. Only what a healthy function
//! calls: `GET …/invocation/next` and `POST …/invocation/{id}/response`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;

/// A function that does nothing for so long is broken.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What one process did between its start and its end.
pub(crate) struct Life {
    /// Start to asking for the first event.
    pub(crate) ready: Duration,
    /// Start to the first answer, whole.
    pub(crate) first_answer: Option<Duration>,
    /// Event to answer of each later invocation.
    pub(crate) warm: Vec<Duration>,
    /// The last answer.
    pub(crate) answer: Vec<u8>,
    /// The processor time that it took, all threads.
    pub(crate) processor: Option<Duration>,
    /// The most memory that the process held, in bytes.
    pub(crate) peak_memory: Option<u64>,
}

/// What the function did, and when.
enum Heard {
    Ready(Instant),
    Answer { sent: Instant, came: Instant, body: Vec<u8> },
    Broken(String),
}

/// Starts `command` as Lambda would and sends `event` to it `times` times.
///
/// Its output is thrown away: how fast a terminal is does not matter here.
pub(crate) fn live(command: &mut Command, event: &str, times: usize) -> Outcome<Life> {
    let text = |e: std::io::Error| format!("the runtime API's stand-in: {e}");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
    let address = listener.local_addr().map_err(text)?;
    let (tell, heard) = mpsc::channel();
    let event = Arc::new(Event::new(event, times));
    thread::spawn(move || {
        // The thread ends with the stand-in's own process: accepting has no time limit in the standard library.
        for stream in listener.incoming().map_while(Result::ok) {
            let (event, tell) = (Arc::clone(&event), tell.clone());
            thread::spawn(move || serve(&stream, &event, &tell));
        }
    });
    command.env("AWS_LAMBDA_RUNTIME_API", address.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("{} can't be started: {e}", name(command)))?;
    let life = listen(&heard, started, times, child.id());
    end(&mut child);
    life.map_err(|problem| format!("{}: {problem}", name(command)))
}

/// The command for a function's `bootstrap`, with nothing of this process's own environment.
pub(crate) fn function(bootstrap: &Path, environment: &[(&str, String)]) -> Command {
    let mut command = Command::new(bootstrap);
    command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn end(child: &mut Child) {
    // Either may fail only because the process has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn listen(heard: &Receiver<Heard>, started: Instant, times: usize, process: u32) -> Outcome<Life> {
    let next = || match heard.recv_timeout(TIMEOUT) {
        Ok(Heard::Broken(problem)) => Err(problem),
        Ok(heard) => Ok(heard),
        Err(_) => Err("it neither asked for an event nor answered one".to_owned()),
    };
    let Heard::Ready(ready) = next()? else { return Err("it answered before it was asked".to_owned()) };
    let mut life = Life {
        ready: ready - started,
        first_answer: None,
        warm: Vec::new(),
        answer: Vec::new(),
        processor: None,
        peak_memory: None,
    };
    let mut answers = 0;
    while answers < times {
        if let Heard::Answer { sent, came, body } = next()? {
            match life.first_answer {
                None => life.first_answer = Some(came - started),
                Some(_) => life.warm.push(came - sent),
            }
            life.answer = body;
            answers += 1;
        }
    }
    life.peak_memory = crate::machine::peak_memory(process);
    life.processor = crate::machine::processor_time_of(process);
    Ok(life)
}

/// The event as it goes over the wire, and how often it is still to go.
struct Event {
    message: Vec<u8>,
    left: Mutex<(usize, Instant)>,
}

impl Event {
    fn new(body: &str, times: usize) -> Self {
        let message = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
             Lambda-Runtime-Deadline-Ms: 4102444800000\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:bench\r\n\
             Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n\r\n{body}",
            body.len()
        );
        Self { message: message.into_bytes(), left: Mutex::new((times, Instant::now())) }
    }
}

/// One connection; the function keeps it open between its calls.
fn serve(stream: &TcpStream, event: &Event, tell: &Sender<Heard>) {
    let outcome = stream.set_nodelay(true).map_err(|e| e.to_string()).and_then(|()| converse(stream, event, tell));
    if let Err(problem) = outcome {
        // Nobody listens any more once the figures are complete.
        let _ = tell.send(Heard::Broken(problem));
    }
}

fn converse(mut stream: &TcpStream, event: &Event, tell: &Sender<Heard>) -> Outcome {
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    while let Some((line, body)) = read_request(&mut reader)? {
        let came = Instant::now();
        let mut left = event.left.lock().unwrap_or_else(PoisonError::into_inner);
        if line.starts_with("GET /2018-06-01/runtime/invocation/next ") {
            let _ = tell.send(Heard::Ready(came));
            // With nothing left to do the function waits, as it would at Lambda, until it is ended.
            if left.0 > 0 {
                *left = (left.0 - 1, Instant::now());
                stream.write_all(&event.message).map_err(|e| e.to_string())?;
            }
        } else if line.starts_with("POST /2018-06-01/runtime/invocation/") && line.contains("/response ") {
            let _ = tell.send(Heard::Answer { sent: left.1, came, body });
            stream
                .write_all(b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n")
                .map_err(|e| e.to_string())?;
        } else {
            return Err(format!("it called {line:?}: {}", String::from_utf8_lossy(&body)));
        }
    }
    Ok(())
}

/// The request line and the body; nothing once the other side has hung up.
fn read_request(reader: &mut BufReader<&TcpStream>) -> Outcome<Option<(String, Vec<u8>)>> {
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
            return Err("it streams its answer, which this stand-in does not read".to_owned());
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).map_err(|e| e.to_string())?;
    Ok(Some((first.trim_end().to_owned(), body)))
}
