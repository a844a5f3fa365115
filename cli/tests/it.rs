//! `sluice` where something is missing: a stack, a token, a program or a right. The message names what is missing and
//! the next step, and the exit code is 1; it is 2 for wrong usage.
//!
//! The AWS CLI is a script with the answers and errors of the real one, version 2.

#![expect(clippy::unwrap_used, reason = "a test fails by unwrapping")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// Answers with the file that is named after the call, or fails with its error.
const AWS_CLI: &str = r#"#!/bin/sh
folder=$(dirname "$0")
if [ -f "$folder/$1.$2.err" ]; then cat "$folder/$1.$2.err" >&2; exit 254; fi
cat "$folder/$1.$2.out"
"#;

const NAME: &str = "uploads-prod";
const DESCRIBE: &str = "cloudformation.describe-stacks";

/// Every command that needs a stack, as arguments. `FILE` stands for a file that exists.
const COMMANDS: [&str; 4] = ["verify", "upload FILE --content-type image/png", "redrive", "republish --since 1h"];

/// The commands that call the API.
const CALLERS: [&str; 2] = [COMMANDS[0], COMMANDS[1]];

/// A folder with an AWS CLI and a file to upload, for one run of `sluice`.
struct Machine {
    folder: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Machine {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("sluice-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("FILE"), "five.").unwrap();
        Self { folder, variables: Vec::new() }
    }

    /// With the AWS CLI, a stack and a token.
    fn on_aws(api_url: &str) -> Self {
        let machine = Self::new().with("SLUICE_TOKEN", "token").answers(DESCRIBE, &described(api_url));
        fs::write(machine.folder.join("aws"), AWS_CLI).unwrap();
        fs::set_permissions(machine.folder.join("aws"), fs::Permissions::from_mode(0o755)).unwrap();
        machine
    }

    /// With a local stack as `cargo xtask up` writes it down.
    fn with_local_stack(stack: &Value) -> Self {
        let machine = Self::new();
        fs::write(machine.folder.join("stack.json"), stack.to_string()).unwrap();
        machine
    }

    fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.variables.push((variable, value.to_owned()));
        self
    }

    fn answers(self, call: &str, answer: &Value) -> Self {
        fs::write(self.folder.join(format!("{call}.out")), answer.to_string()).unwrap();
        self
    }

    fn fails(self, call: &str, error: &str) -> Self {
        fs::write(self.folder.join(format!("{call}.err")), error).unwrap();
        self
    }

    /// Runs `sluice`. It ends with the code, and names each of `words` on standard error.
    fn expect(&self, arguments: &str, code: i32, words: &[&str]) {
        let mut sluice = Command::new(env!("CARGO_BIN_EXE_sluice"));
        sluice.args(arguments.split(' ').filter(|part| !part.is_empty())).current_dir(&self.folder).env_clear();
        sluice.env("SLUICE_STACK", self.folder.join("stack.json")).envs(self.variables.iter().cloned());
        let usual = if self.folder.join("aws").exists() { ":/usr/bin:/bin" } else { "" };
        let output = sluice.env("PATH", format!("{}{usual}", self.folder.display())).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {error}");
        for word in words {
            assert!(error.contains(word), "`sluice {arguments}` does not name {word}: {error}");
        }
        assert!(!error.contains("panicked"), "{arguments}: {error}");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn described(api_url: &str) -> Value {
    let outputs = json!([
        { "OutputKey": "ApiUrl", "OutputValue": api_url },
        { "OutputKey": "BucketName", "OutputValue": "uploads-prod-uploads-111122223333-eu-west-1" },
        { "OutputKey": "QueueUrl", "OutputValue": "https://sqs.eu-west-1.amazonaws.com/111122223333/events" },
        { "OutputKey": "DeadLettersUrl", "OutputValue": "https://sqs.eu-west-1.amazonaws.com/111122223333/dead" },
        { "OutputKey": "TableName", "OutputValue": "uploads-prod-Table-1ABC" },
        { "OutputKey": "Forward", "OutputValue": "uploads-prod-Forward-1ABC" },
    ]);
    let id = "arn:aws:cloudformation:eu-west-1:111122223333:stack/uploads-prod/0b1c";
    json!({ "Stacks": [{ "StackId": id, "StackName": NAME, "Outputs": outputs }] })
}

fn local(endpoint: &str) -> Value {
    json!({
        "apiUrl": endpoint, "endpoint": endpoint, "region": "eu-central-1", "bucket": "b", "table": "t",
        "queue": "q", "dlq": "d", "forward": "f",
        "credentials": { "accessKeyId": "test", "secretAccessKey": "test" },
        "users": [{ "name": "alice", "token": "token" }],
    })
}

/// A server that refuses everything with 401. Returns its port.
fn refusing() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().for_each(|stream| refuse(stream.unwrap())));
    port
}

fn refuse(mut stream: TcpStream) {
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        request.extend_from_slice(&piece[..length]);
        // The body follows: it ends with an object.
        if request.starts_with(b"GET") || request.ends_with(b"}") {
            break;
        }
    }
    let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

/// The address of a port where nothing listens.
fn nowhere() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("http://127.0.0.1:{port}")
}

fn on_stack(command: &str, name: &str) -> String {
    format!("{command} --stack {name}")
}

/// What the AWS CLI says when an identity lacks a right.
fn denied(code: &str, operation: &str, action: &str) -> String {
    format!(
        "\nAn error occurred ({code}) when calling the {operation} operation: User: \
         arn:aws:iam::111122223333:user/ann is not authorized to perform: {action} on resource: \
         arn:aws:x:eu-west-1:111122223333:y because no identity-based policy allows the {action} action\n"
    )
}

#[test]
fn without_a_local_stack() {
    for command in COMMANDS {
        Machine::new().expect(&on_stack(command, "local"), 1, &["`cargo xtask up`"]);
        let broken = Machine::with_local_stack(&json!({ "apiUrl": 1 }));
        let file = broken.folder.join("stack.json");
        broken.expect(&on_stack(command, "local"), 1, &[&file.display().to_string(), "`cargo xtask up`"]);
        let stopped = Machine::with_local_stack(&local(&nowhere()));
        stopped.expect(&on_stack(command, "local"), 1, &["`cargo xtask up`"]);
    }
}

#[test]
fn with_a_local_stack_that_lacks_something() {
    let endpoint = format!("http://127.0.0.1:{}", refusing());
    for command in CALLERS {
        Machine::with_local_stack(&local(&endpoint)).expect(&on_stack(command, "local"), 1, &["`cargo xtask up`"]);
        let mut lonely = local(&endpoint);
        lonely["users"] = json!([]);
        Machine::with_local_stack(&lonely).expect(&on_stack(command, "local"), 1, &["users", "`cargo xtask up`"]);
    }
    let mut quiet = local(&endpoint);
    quiet["forward"] = Value::Null;
    Machine::with_local_stack(&quiet).expect("republish --since 1h --stack local", 1, &["EventBusName"]);
}

#[test]
fn without_the_aws_cli() {
    for command in COMMANDS {
        let machine = Machine::new().with("SLUICE_TOKEN", "token");
        machine.expect(&on_stack(command, NAME), 1, &["AWS CLI", "--stack local"]);
    }
}

#[test]
fn without_a_token() {
    for command in CALLERS {
        for empty in ["", " "] {
            let machine = Machine::on_aws(&nowhere()).with("SLUICE_TOKEN", empty);
            machine.expect(&on_stack(command, NAME), 1, &["SLUICE_TOKEN", "sluice verify --help"]);
        }
    }
}

#[test]
fn with_a_token_that_the_api_refuses() {
    let port = refusing();
    for command in CALLERS {
        // An address of this machine that is not taken for the local stack's.
        let machine = Machine::on_aws(&format!("http://0.0.0.0:{port}"));
        machine.expect(&on_stack(command, NAME), 1, &["SLUICE_TOKEN", "JwtIssuer", "JwtAudience"]);
    }
}

#[test]
fn with_an_api_that_does_not_answer() {
    for command in CALLERS {
        let address = nowhere().replace("127.0.0.1", "0.0.0.0");
        Machine::on_aws(&address).expect(&on_stack(command, NAME), 1, &[&address]);
    }
}

#[test]
fn without_a_usable_aws_identity() {
    for (error, words) in [
        ("Unable to locate credentials. You can configure credentials by running \"aws login\".", ["aws sso login"]),
        ("Error loading SSO Token: Token for work does not exist", ["aws sso login"]),
        ("Error when retrieving token from sso: Token has expired and refresh failed", ["aws sso login"]),
        (
            "The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO \
             session run aws sso login with the corresponding profile.",
            ["aws sso login"],
        ),
        (
            "An error occurred (ExpiredToken) when calling the DescribeStacks operation: The security token included \
             in the request is expired",
            ["aws sso login"],
        ),
        (
            "An error occurred (UnrecognizedClientException) when calling the Scan operation: The security token \
             included in the request is invalid.",
            ["aws sso login"],
        ),
        ("The config profile (wrok) could not be found", ["AWS_PROFILE"]),
        (
            "You must specify a region. You can also configure your region by running \"aws configure\".",
            ["AWS_DEFAULT_REGION"],
        ),
        (
            "Could not connect to the endpoint URL: \"https://cloudformation.eu-west-9.amazonaws.com/\"",
            ["AWS_DEFAULT_REGION"],
        ),
    ] {
        for command in COMMANDS {
            Machine::on_aws(&nowhere()).fails(DESCRIBE, error).expect(&on_stack(command, NAME), 1, &words);
        }
    }
}

#[test]
fn without_a_stack_of_that_name() {
    let error = "\nAn error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id \
                 uploads-prod does not exist\n";
    let mut other = described("https://a.execute-api.eu-west-1.amazonaws.com");
    other["Stacks"][0]["Outputs"] = json!([]);
    for command in COMMANDS {
        let missing = Machine::on_aws(&nowhere()).fails(DESCRIBE, error);
        missing.expect(&on_stack(command, NAME), 1, &["--stack", "AWS_PROFILE", "AWS_DEFAULT_REGION"]);
        let other = Machine::on_aws(&nowhere()).answers(DESCRIBE, &other);
        other.expect(&on_stack(command, NAME), 1, &[NAME, "ApiUrl"]);
    }
    let mut quiet = described("https://a.execute-api.eu-west-1.amazonaws.com");
    quiet["Stacks"][0]["Outputs"].as_array_mut().unwrap().retain(|output| output["OutputKey"] != "Forward");
    let quiet = Machine::on_aws(&nowhere()).answers(DESCRIBE, &quiet);
    quiet.expect(&on_stack("republish --since 1h", NAME), 1, &[NAME, "EventBusName"]);
}

#[test]
fn without_a_right() {
    let attributes = json!({ "Attributes": {
        "ApproximateNumberOfMessages": "3", "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:dead",
    } });
    let items = json!({ "Items": [{ "pk": { "S": "upload#1" } }] });
    for (command, call, code, operation, action) in [
        ("verify", DESCRIBE, "AccessDenied", "DescribeStacks", "cloudformation:DescribeStacks"),
        (COMMANDS[1], DESCRIBE, "AccessDenied", "DescribeStacks", "cloudformation:DescribeStacks"),
        ("redrive", DESCRIBE, "AccessDenied", "DescribeStacks", "cloudformation:DescribeStacks"),
        ("redrive", "sqs.get-queue-attributes", "AccessDenied", "GetQueueAttributes", "sqs:getqueueattributes"),
        ("redrive", "sqs.start-message-move-task", "AccessDenied", "StartMessageMoveTask", "sqs:startmessagemovetask"),
        ("redrive", "sqs.list-message-move-tasks", "AccessDenied", "ListMessageMoveTasks", "sqs:listmessagemovetasks"),
        ("republish --since 1h", "dynamodb.scan", "AccessDeniedException", "Scan", "dynamodb:Scan"),
        ("republish --since 1h", "lambda.invoke", "AccessDeniedException", "Invoke", "lambda:InvokeFunction"),
    ] {
        let machine = Machine::on_aws(&nowhere());
        let machine = machine.answers("sqs.get-queue-attributes", &attributes).answers("dynamodb.scan", &items);
        let machine = machine.answers("sqs.start-message-move-task", &json!({ "TaskHandle": "h" }));
        let machine = machine.fails(call, &denied(code, operation, action));
        machine.expect(&on_stack(command, NAME), 1, &[action, "AWS_PROFILE"]);
    }
    // Some refusals do not name the action.
    let unnamed = "An error occurred (AccessDenied) when calling the GetQueueAttributes operation: Access to the \
                   resource https://sqs.eu-west-1.amazonaws.com/111122223333/dead is denied.";
    let machine = Machine::on_aws(&nowhere()).fails("sqs.get-queue-attributes", unnamed);
    machine.expect(&on_stack("redrive", NAME), 1, &["aws sqs get-queue-attributes", "AWS_PROFILE"]);
}

#[test]
fn with_wrong_arguments() {
    let machine = Machine::new();
    for (arguments, code, words) in [
        ("", 2, &["Usage"][..]),
        ("verify", 2, &["--stack"]),
        ("upload", 2, &["--content-type"]),
        ("upload FILE", 2, &["--content-type"]),
        ("upload NOFILE --content-type image/png", 1, &["NOFILE"]),
        ("republish", 2, &["--since"]),
        ("republish --since yesterday", 2, &["yesterday", "2h"]),
        ("cost", 2, &["--uploads", "--size"]),
        ("cost --uploads 1", 2, &["--size"]),
        ("cost --uploads 1 --size big", 2, &["--size", "big"]),
        ("cost --uploads 1 --size 1MB --class nothing", 1, &["nothing", "default"]),
        ("cost --uploads 1 --size 10GB --class default", 1, &["--parts"]),
        ("prices", 2, &["prices"]),
    ] {
        machine.expect(arguments, code, words);
    }
}

#[test]
fn an_estimate_needs_no_stack_and_no_account() {
    let mut sluice = Command::new(env!("CARGO_BIN_EXE_sluice"));
    let output = sluice.args(["cost", "--idle", "--json"]).env_clear().output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["idle"].is_number());
}
