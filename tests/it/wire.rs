//! What the wire does to the real clients, where nobody helps: a refusal, a fault that stays, a body cut off again and
//! again. Never is a fault taken for an answer. What passes is `every_fault.rs`'s.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::eventbridge::EventBridge;
use aws_adapters::s3::S3Objects;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::Credentials;
use content_sniff::ByteRange;
use policy::upload::Outcome;
use testkit::contract::validated;
use testkit::{ALICE, id, key, now};
use uploads_core::ports::event_bus::{Bus, Event};
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;

/// What happens to one request.
#[derive(Debug, Clone, Copy)]
enum ScriptedReply {
    /// An answer with this status and body.
    Answer(u16, &'static str),
    /// The connection ends without a word.
    Reset,
    /// Half of what was announced, and then the end.
    Half(&'static str),
}

/// A service that says one thing after the other, and the last one for ever.
struct Service {
    endpoint: String,
    asked: Arc<AtomicUsize>,
}

impl Service {
    fn saying(script: &[ScriptedReply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, script) = (Arc::clone(&asked), Arc::new(Mutex::new(script.to_vec())));
        // Ends with the test's own process: accepting has no time limit in the standard library.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let says = {
                    let mut script = script.lock().unwrap();
                    if script.len() > 1 { script.remove(0) } else { script[0] }
                };
                if request(&stream) {
                    count.fetch_add(1, Ordering::SeqCst);
                    answer(stream, says);
                }
            }
        });
        Self { endpoint, asked }
    }

    async fn clients(&self) -> Clients {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let quick = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(credentials)
            .retry_config(quick)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .load()
            .await;
        Clients::of(config, true)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Reads a whole request; false when the other side only tried the connection.
fn request(mut stream: &TcpStream) -> bool {
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).unwrap_or(0);
        text.extend_from_slice(&buffer[..read]);
        let all = String::from_utf8_lossy(&text).to_lowercase();
        if let Some((head, body)) = all.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
                return true;
            }
        }
        if read == 0 {
            return !text.is_empty();
        }
    }
}

fn answer(mut stream: TcpStream, says: ScriptedReply) {
    let head = |status: u16, length: usize| {
        format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\ncontent-range: bytes 0-9/10\r\nx-amz-version-id: v1\r\n\r\n"
        )
    };
    // The other side may be gone already, which is its own affair.
    let _ = match says {
        ScriptedReply::Answer(status, body) => {
            stream.write_all(format!("{}{body}", head(status, body.len())).as_bytes())
        }
        ScriptedReply::Half(body) => stream.write_all(format!("{}{body}", head(200, 2 * body.len())).as_bytes()),
        ScriptedReply::Reset => Ok(()),
    };
}

/// Faults of S3 that may pass.
const PASSING: [ScriptedReply; 5] = [
    ScriptedReply::Answer(503, "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"),
    ScriptedReply::Answer(500, "<Error><Code>InternalError</Code></Error>"),
    ScriptedReply::Answer(502, "bad gateway"),
    ScriptedReply::Answer(504, ""),
    ScriptedReply::Reset,
];

const WINDOW: ByteRange = ByteRange { start: 0, len: 10 };

fn event() -> Event {
    Event { detail_type: "Upload Accepted", resource: "arn".to_owned(), detail: "{}".to_owned() }
}

#[tokio::test]
async fn what_does_not_pass_is_a_fault_and_never_an_answer() {
    let key = key(ALICE, id(1));
    let denied = ScriptedReply::Answer(403, "<Error><Code>AccessDenied</Code></Error>");
    for fault in PASSING.into_iter().chain([denied]) {
        let service = Service::saying(&[fault]);
        let bucket = S3Objects::new(service.clients().await, "bucket");
        bucket.head(&key, Some("v1")).await.expect_err("not \"gone\"");
        bucket.read(&key, "v1", WINDOW).await.expect_err("not \"gone\"");
        bucket.versions(&key).await.expect_err("not \"none\"");
        bucket.delete_version(&key, "v1").await.expect_err("not \"done\"");
        let table = DynamoRecords::new(service.clients().await, "table");
        table.get(key.id()).await.expect_err("not \"none\"");
        table.put_verdict(&validated(&key, "v1", Outcome::Accepted)).await.expect_err("not \"written\"");
        table.write_tombstone(&key, now()).await.expect_err("not \"buried\"");
        EventBridge::new(service.clients().await, "bus").put(&[event()]).await.expect_err("not \"told\"");
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_no_short_file() {
    let key = key(ALICE, id(1));
    let service = Service::saying(&[ScriptedReply::Half("01234")]);
    let bucket = S3Objects::new(service.clients().await, "bucket");
    bucket.read(&key, "v1", WINDOW).await.expect_err("half of it is not all of it");
    assert_eq!(service.asked(), 3, "asked again before giving up");
}

#[tokio::test]
async fn of_a_call_to_the_bus_the_refused_entries_are_told_apart() {
    let partly = r#"{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException","ErrorMessage":"slow"}]}"#;
    let service = Service::saying(&[ScriptedReply::Answer(200, partly)]);
    let bus = EventBridge::new(service.clients().await, "bus");
    let refused = bus.put(&[event(), event()]).await.unwrap();
    assert_eq!((refused.len(), refused[0].place, refused[0].why.as_str()), (1, 1, "ThrottlingException: slow"));
    bus.put(&[event()]).await.expect_err("two answers to one entry");
}
