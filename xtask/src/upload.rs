//! `cargo xtask upload`: a file of any size through the API, in parts, as a client program would.
//!
//! Nothing of it is remembered here: the session's id is enough to go on from another process or another machine.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::http::{Answer, send};
use crate::stack::Stack;

/// What to upload, and how.
#[derive(Debug, Clone)]
pub struct Upload<'a> {
    /// The file.
    pub file: &'a Path,
    /// What it is.
    pub content_type: &'a str,
    /// A session to go on with.
    pub session: Option<&'a str>,
    /// How many parts travel side by side.
    pub parallel: usize,
    /// How many bytes a second are sent at most.
    pub rate: Option<u64>,
}

/// How often a part is tried, each time with a URL signed anew.
const MAX_ATTEMPTS: u32 = 5;

/// Uploads a file to the local stack and waits for its verdict.
///
/// # Errors
/// With what the API or the bucket said.
pub fn upload(upload: &Upload<'_>) -> Outcome {
    let stack = Stack::read()?;
    let file = File::open(upload.file).map_err(|e| format!("{}: {e}", upload.file.display()))?;
    let size = file.metadata().map_err(|e| e.to_string())?.len();
    let api = Api::new(&stack)?;
    let session = match upload.session {
        Some(session) => session.to_owned(),
        None => api.begin(upload, size)?,
    };
    println!("session {session}");
    api.send_missing(&session, upload, &file, size)?;
    api.complete(&session)?;
    let record = api.verdict(&session)?;
    println!("{}", serde_json::to_string_pretty(&record).unwrap_or_default());
    if record["status"] == "accepted" { Ok(()) } else { Err("the file was not accepted".to_owned()) }
}

struct Api {
    url: String,
    bearer: String,
}

impl Api {
    fn new(stack: &Stack) -> Outcome<Self> {
        let user = stack.users.first().ok_or("the stack has no users")?;
        Ok(Self { url: stack.api_url.clone(), bearer: format!("Bearer {}", user.token) })
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Outcome<Answer> {
        let headers = [("authorization", self.bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(method, &format!("{}{path}", self.url), &headers, body.as_bytes())
    }

    /// The answer, if it is a good one.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        let answer = self.call(method, path, body)?;
        if (200..300).contains(&answer.status) {
            Ok(answer.json())
        } else {
            Err(format!("{method} {path} was answered {}: {}", answer.status, answer.text()))
        }
    }

    fn begin(&self, upload: &Upload<'_>, size: u64) -> Outcome<String> {
        let name = upload.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let body = json!({ "filename": name, "contentType": upload.content_type, "size": size });
        let begun = self.ask("POST", "/uploads/multipart", &body)?;
        println!("{} parts of {} bytes", begun["partCount"], begun["partSize"]);
        begun["sessionId"].as_str().map(str::to_owned).ok_or_else(|| "a session without an id".to_owned())
    }

    /// Sends every part that S3 does not have.
    fn send_missing(&self, session: &str, upload: &Upload<'_>, file: &File, size: u64) -> Outcome {
        let path = format!("/uploads/multipart/{session}/parts");
        let listed = self.ask("GET", &path, &Value::Null)?;
        let stored: Vec<u64> = numbers(&listed["parts"]);
        let first = self.call("POST", &path, &json!({ "from": 1, "count": 1 }))?;
        if matches!(first.json()["code"].as_str(), Some("session-completing" | "session-completed")) {
            println!("all parts are there");
            return Ok(());
        }
        let part_size = first.json()["parts"][0]["size"].as_u64();
        let part_size = part_size.ok_or_else(|| format!("signing was answered {}: {}", first.status, first.text()))?;
        let count = size.div_ceil(part_size.max(1)).max(1);
        let missing: Vec<u64> = (1..=count).filter(|number| !stored.contains(number)).collect();
        println!("{} of {count} parts are there", count - missing.len() as u64);
        let queue = Mutex::new(missing.into_iter());
        let (sent, started) = (AtomicU64::new(0), Instant::now());
        scope(|threads| {
            let workers: Vec<_> = (0..upload.parallel.max(1))
                .map(|_| {
                    threads.spawn(|| {
                        loop {
                            let next = queue.lock().map_err(|e| e.to_string())?.next();
                            let Some(number) = next else { return Ok::<(), String>(()) };
                            let bytes = self.send_part(&path, number, (number - 1) * part_size, file)?;
                            println!("part {number} sent");
                            let so_far = sent.fetch_add(bytes, Ordering::SeqCst) + bytes;
                            if let Some(rate) = upload.rate {
                                let due = Duration::from_millis(so_far.saturating_mul(1000) / rate.max(1));
                                sleep(due.saturating_sub(started.elapsed()));
                            }
                        }
                    })
                })
                .collect();
            for worker in workers {
                worker.join().map_err(|_| "a worker died".to_owned())??;
            }
            Ok(())
        })
    }

    /// Signs and sends one part; a URL that expired or a connection that broke is no reason to give up.
    fn send_part(&self, path: &str, number: u64, offset: u64, file: &File) -> Outcome<u64> {
        let mut problem = String::new();
        for _ in 0..MAX_ATTEMPTS {
            let signed = self.ask("POST", path, &json!({ "partNumbers": [number] }))?;
            let part = &signed["parts"][0];
            let length = part["size"].as_u64().unwrap_or_default();
            let mut bytes = vec![0; usize::try_from(length).map_err(|e| e.to_string())?];
            file.read_exact_at(&mut bytes, offset).map_err(|e| format!("the file has changed: {e}"))?;
            let headers: Vec<(&str, &str)> = part["headers"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
                .collect();
            match send("PUT", part["url"].as_str().unwrap_or_default(), &headers, &bytes) {
                Ok(answer) if answer.status == 200 => return Ok(length),
                Ok(answer) => problem = format!("part {number} was answered {}: {}", answer.status, answer.text()),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    /// Completes, for as long as S3 needs.
    fn complete(&self, session: &str) -> Outcome {
        let path = format!("/uploads/multipart/{session}/complete");
        loop {
            let answer = self.call("POST", &path, &Value::Null)?;
            match answer.status {
                200 => return Ok(()),
                202 | 503 => {
                    println!("S3 is still at it");
                    let wait = answer.header("retry-after").and_then(|text| text.parse().ok()).unwrap_or(1);
                    sleep(Duration::from_secs(wait));
                }
                status => return Err(format!("completing was answered {status}: {}", answer.text())),
            }
        }
    }

    fn verdict(&self, id: &str) -> Outcome<Value> {
        let started = Instant::now();
        loop {
            let record = self.ask("GET", &format!("/uploads/{id}"), &Value::Null)?;
            if record["status"] != "validating" && record["status"] != "uploading" {
                return Ok(record);
            }
            if started.elapsed() > Duration::from_mins(2) {
                return Err("no verdict after two minutes".to_owned());
            }
            sleep(Duration::from_millis(200));
        }
    }
}

fn numbers(parts: &Value) -> Vec<u64> {
    parts.as_array().into_iter().flatten().filter_map(|part| part["partNumber"].as_u64()).collect()
}
