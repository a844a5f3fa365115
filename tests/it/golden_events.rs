//! Every golden event through AWS's Runtime Interface Emulator, on the binary that is deployed.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use local_stack::http::send;
use serde_json::Value;
use xtask::tools::runtime_interface_emulator;

use crate::aws::{create_bucket, create_table};
use crate::support::{stack, wait_for};

/// A function in the Runtime Interface Emulator. `drop` kills the process group.
pub(crate) struct Function {
    process: Child,
    pub(crate) url: String,
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.process.id())]).status();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts a function. `extra` environment variables replace the defaults.
pub(crate) fn start(name: &str, extra: &[(&str, &str)]) -> Function {
    use std::os::unix::process::CommandExt;
    let (port, runtime_api_port) = (free_port(), free_port());
    let bootstrap = xtask::root().join("target/lambda").join(name).join("bootstrap");
    assert!(bootstrap.exists(), "{} does not exist: `cargo xtask up` builds it", bootstrap.display());
    let log = fs::File::create(xtask::local().join(format!("events-{name}.log"))).unwrap();
    let process = Command::new(runtime_interface_emulator().unwrap())
        .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
        .args(["--runtime-api-address", &format!("127.0.0.1:{runtime_api_port}")])
        .arg(bootstrap)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        // The golden events name this bucket, which is empty.
        .env("BUCKET", "sluice-example")
        .env("EVENT_BUS", "default")
        .env("TABLE", &stack().table)
        .env("QUEUE_URL", &stack().queue)
        .env("COMPLETIONS_URL", &stack().queue)
        .env("AWS_REGION", &stack().region)
        .env("AWS_ENDPOINT_URL", &stack().endpoint)
        .env("AWS_ACCESS_KEY_ID", &stack().credentials.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &stack().credentials.secret_access_key)
        .envs(extra.iter().copied())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let url = format!("http://127.0.0.1:{port}/2015-03-31/functions/function/invocations");
    wait_for("the Runtime Interface Emulator", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    Function { process, url }
}

fn events(name: &str) -> Vec<PathBuf> {
    let folder = xtask::root().join("events").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

/// Sends every golden event to a function. Returns the answers with their file names.
fn answers(name: &str) -> Vec<(String, Value)> {
    answers_with(name, &[])
}

fn answers_with(name: &str, extra: &[(&str, &str)]) -> Vec<(String, Value)> {
    create_bucket("sluice-example", false);
    let function = start(name, extra);
    let send_one = |file: &PathBuf| {
        let answer = send("POST", &function.url, &[], &fs::read(file).unwrap()).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        assert!(!answer.text().contains("errorMessage"), "{name}: {}", answer.text());
        (name, answer.json())
    };
    events(name).iter().map(send_one).collect()
}

#[test]
fn every_event_of_presign_is_answered() {
    for (file, answer) in answers("presign") {
        let status = answer["statusCode"].as_u64().unwrap();
        let expected = if file.starts_with("bad-") { 400..500 } else { 200..300 };
        assert!(expected.contains(&status), "{file}: {answer}");
    }
}

#[test]
fn every_event_of_the_multipart_functions_is_answered() {
    for function in ["multipart-initiate", "multipart-parts", "multipart-complete"] {
        for (file, answer) in answers(function) {
            let status = answer["statusCode"].as_u64().unwrap();
            // No session exists. Only creating one and signing a single request work without a session.
            let expected = match function {
                "multipart-initiate" if !file.starts_with("bad-") => 200..300,
                _ if file.starts_with("uppy-sign") => 200..500,
                _ => 400..500,
            };
            assert!(expected.contains(&status), "{function}/{file}: {answer}");
        }
    }
}

#[test]
fn every_event_of_uploads_is_answered() {
    for (file, answer) in answers("uploads") {
        // The bucket is empty, so 404 is a correct answer. A 5xx is not.
        assert!((200..500).contains(&answer["statusCode"].as_u64().unwrap()), "{file}: {answer}");
    }
}

#[test]
fn every_event_of_validate_is_answered() {
    for (file, answer) in answers("validate") {
        let failures = answer["batchItemFailures"].as_array().map_or(0, Vec::len);
        assert_eq!(failures > 0, file.contains("poison"), "{file}: {answer}");
    }
}

#[test]
fn every_event_of_reconcile_is_answered() {
    // A table of its own: the deployed table has due sessions, whose objects are in another bucket.
    let table = create_table("events");
    for (file, answer) in answers_with("reconcile", &[("TABLE", &table)]) {
        assert!(answer["Failures"] == 0 || answer["unfinished"] == 0, "{file}: {answer}");
    }
}

#[test]
fn every_event_of_forward_is_answered() {
    for (file, answer) in answers("forward") {
        assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 0, "{file}: {answer}");
    }
}

#[test]
fn every_event_of_notify_is_answered() {
    let secret = stack().webhook_secrets.first().unwrap();
    let queue = stack().webhook_queues.first().unwrap();
    let variables = [
        // Nothing listens there, so that every delivery stays in its queue.
        ("WEBHOOK_URLS", "http://127.0.0.1:9/"),
        ("WEBHOOK_PRIVATE_HOSTS", "true"),
        ("WEBHOOK_SECRETS", secret),
        ("WEBHOOK_QUEUES", queue),
    ];
    for (file, answer) in answers_with("notify", &variables) {
        assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1, "{file}: {answer}");
    }
}

#[test]
fn every_function_has_events() {
    for entry in fs::read_dir(xtask::root().join("functions")).unwrap() {
        events(&entry.unwrap().file_name().to_string_lossy());
    }
}
