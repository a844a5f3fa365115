//! `sluice upload`: uploads a file of any size as a multipart upload, over the public API.
//!
//! Nothing is stored on this machine: the session id is enough to resume from another process or machine.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Mutex;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use local_stack::http::{Answer, send};
use serde_json::{Value, json};

use crate::progress::Progress;
use crate::target::Target;

/// What to upload, and how.
#[derive(Debug, Clone)]
pub struct Upload<'a> {
    /// The file.
    pub file: &'a Path,
    /// Its media type.
    pub content_type: &'a str,
    /// A session to resume.
    pub session: Option<&'a str>,
    /// How many parts are sent at once.
    pub parallel: usize,
    /// The most bytes a second to send.
    pub rate: Option<u64>,
    /// The stack's name.
    pub stack: &'a str,
}

/// Attempts per part, each with a newly signed URL.
const MAX_ATTEMPTS: u32 = 5;

/// The longest wait for a verdict.
const VERDICT_TIMEOUT: Duration = Duration::from_mins(2);

/// Uploads a file and returns its record once it has a verdict.
///
/// # Errors
/// When the file can't be read, or the API or the bucket refuses a request.
pub fn upload(upload: &Upload<'_>, progress: Progress) -> Result<Value> {
    let file = File::open(upload.file).with_context(|| format!("{} can't be read", upload.file.display()))?;
    let size = file.metadata()?.len();
    let client = Client { target: Target::find(upload.stack)?, progress };
    let session = match upload.session {
        Some(session) => session.to_owned(),
        None => client.create(upload, size)?,
    };
    progress.line(&format!("session {session}"));
    client.send_missing_parts(&session, upload, &file, size)?;
    client.complete(&session)?;
    client.wait_for_verdict(&session)
}

struct Client {
    target: Target,
    progress: Progress,
}

impl Client {
    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        let bearer = format!("Bearer {}", self.target.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = send(method, &format!("{}{path}", self.target.api_url), &headers, body.as_bytes())?;
        if answer.status == 401 {
            bail!(self.target.refused_token());
        }
        Ok(answer)
    }

    /// The body of a successful answer.
    fn call_ok(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let answer = self.call(method, path, body)?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.json());
        }
        let detail = answer.json()["detail"].as_str().map_or_else(|| answer.text(), str::to_owned);
        bail!("{method} {path} answered {}: {detail}", answer.status)
    }

    fn create(&self, upload: &Upload<'_>, size: u64) -> Result<String> {
        let name = upload.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let body = json!({ "filename": name, "contentType": upload.content_type, "size": size });
        let created = self.call_ok("POST", "/uploads/multipart", &body)?;
        self.progress.line(&format!("{} parts of {} bytes", created["partCount"], created["partSize"]));
        created["sessionId"].as_str().map(str::to_owned).context("the API returned no sessionId")
    }

    /// Sends every part that S3 does not have.
    fn send_missing_parts(&self, session: &str, upload: &Upload<'_>, file: &File, size: u64) -> Result<()> {
        let path = format!("/uploads/multipart/{session}/parts");
        let stored = part_numbers(&self.call_ok("GET", &path, &Value::Null)?["parts"]);
        let first = self.call("POST", &path, &json!({ "from": 1, "count": 1 }))?;
        if matches!(first.json()["code"].as_str(), Some("session-completing" | "session-completed")) {
            self.progress.line("S3 has all parts");
            return Ok(());
        }
        let part_size = first.json()["parts"][0]["size"].as_u64();
        let part_size =
            part_size.with_context(|| format!("POST {path} answered {}: {}", first.status, first.text()))?;
        let count = size.div_ceil(part_size.max(1)).max(1);
        let missing: Vec<u64> = (1..=count).filter(|number| !stored.contains(number)).collect();
        self.progress.line(&format!("S3 has {} of {count} parts", count - missing.len() as u64));
        let counts = Mutex::new((count - missing.len() as u64, 0_u64));
        let queue = Mutex::new(missing.into_iter());
        let started = Instant::now();
        let poisoned = |_| anyhow!("another part failed");
        let send_parts = || -> Result<()> {
            loop {
                let next = queue.lock().map_err(|_| anyhow!("another part failed"))?.next();
                let Some(number) = next else { return Ok(()) };
                let bytes = self.send_part(&path, number, (number - 1) * part_size, file)?;
                let (done, sent) = {
                    let mut counts = counts.lock().map_err(poisoned)?;
                    *counts = (counts.0 + 1, counts.1 + bytes);
                    *counts
                };
                self.progress.line(&format!("part {number} sent, {done} of {count} done"));
                if let Some(rate) = upload.rate {
                    let due = Duration::from_millis(sent.saturating_mul(1000) / rate.max(1));
                    sleep(due.saturating_sub(started.elapsed()));
                }
            }
        };
        scope(|threads| {
            let workers: Vec<_> = (0..upload.parallel.max(1)).map(|_| threads.spawn(send_parts)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow!("a thread panicked"))?)
        })
    }

    /// Signs and sends one part; signs again when the URL has expired or the connection breaks.
    fn send_part(&self, path: &str, number: u64, offset: u64, file: &File) -> Result<u64> {
        let mut last_error = anyhow!("part {number} was not sent");
        for _ in 0..MAX_ATTEMPTS {
            let signed = self.call_ok("POST", path, &json!({ "partNumbers": [number] }))?;
            let part = &signed["parts"][0];
            let length = part["size"].as_u64().unwrap_or_default();
            let mut bytes = vec![0; usize::try_from(length)?];
            file.read_exact_at(&mut bytes, offset).context("the file changed during the upload")?;
            let headers: Vec<(&str, &str)> = part["headers"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
                .collect();
            match send("PUT", part["url"].as_str().unwrap_or_default(), &headers, &bytes) {
                Ok(answer) if answer.status == 200 => return Ok(length),
                Ok(answer) => last_error = anyhow!("S3 answered part {number} {}: {}", answer.status, answer.text()),
                Err(error) => last_error = error,
            }
        }
        Err(last_error)
    }

    /// Completes the upload and repeats the call while S3 assembles the object.
    fn complete(&self, session: &str) -> Result<()> {
        let path = format!("/uploads/multipart/{session}/complete");
        loop {
            let answer = self.call("POST", &path, &Value::Null)?;
            match answer.status {
                200 => return Ok(()),
                202 | 503 => {
                    self.progress.line("S3 is assembling the object");
                    let wait = answer.header("retry-after").and_then(|text| text.parse().ok()).unwrap_or(1);
                    sleep(Duration::from_secs(wait));
                }
                status => bail!("POST {path} answered {status}: {}", answer.text()),
            }
        }
    }

    fn wait_for_verdict(&self, id: &str) -> Result<Value> {
        let started = Instant::now();
        loop {
            let record = self.call_ok("GET", &format!("/uploads/{id}"), &Value::Null)?;
            if record["status"] != "validating" && record["status"] != "uploading" {
                return Ok(record);
            }
            if started.elapsed() > VERDICT_TIMEOUT {
                bail!("there is no verdict after two minutes: look for the event in the queue and the DLQ");
            }
            sleep(Duration::from_millis(200));
        }
    }
}

fn part_numbers(parts: &Value) -> Vec<u64> {
    parts.as_array().into_iter().flatten().filter_map(|part| part["partNumber"].as_u64()).collect()
}
