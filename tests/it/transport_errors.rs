//! Errors that persist: the adapters report an error and never return it as an answer. `every_fault` has the errors
//! after which a retry succeeds.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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

use crate::tcp::serve;

/// What the server does with each request.
#[derive(Debug, Clone, Copy)]
enum Reply {
    /// It answers with this status and body.
    Answer(u16, &'static str),
    /// It closes the connection without an answer.
    Close,
    /// It sends this half of a body and closes the connection.
    HalfBody(&'static str),
}

/// A server that treats every request alike.
struct Server {
    endpoint: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn start(reply: Reply) -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        let endpoint = serve(move |stream, _| {
            count.fetch_add(1, Ordering::SeqCst);
            send(stream, reply);
        });
        Self { endpoint, requests }
    }

    async fn clients(&self) -> Clients {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(credentials)
            .retry_config(retries)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .load()
            .await;
        Clients::of(config, true)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn send(mut stream: &TcpStream, reply: Reply) {
    let head = |status: u16, length: usize| {
        format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\ncontent-range: bytes 0-9/10\r\nx-amz-version-id: v1\r\n\r\n"
        )
    };
    // The client may have closed the connection already.
    let _ = match reply {
        Reply::Answer(status, body) => stream.write_all(format!("{}{body}", head(status, body.len())).as_bytes()),
        Reply::HalfBody(body) => stream.write_all(format!("{}{body}", head(200, 2 * body.len())).as_bytes()),
        Reply::Close => Ok(()),
    };
}

/// Errors of S3 that the SDK retries.
const TRANSIENT: [Reply; 5] = [
    Reply::Answer(503, "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"),
    Reply::Answer(500, "<Error><Code>InternalError</Code></Error>"),
    Reply::Answer(502, "bad gateway"),
    Reply::Answer(504, ""),
    Reply::Close,
];

const WINDOW: ByteRange = ByteRange { start: 0, len: 10 };

fn event() -> Event {
    Event { detail_type: "Upload Accepted", resource: "arn".to_owned(), detail: "{}".to_owned() }
}

#[tokio::test]
async fn a_persistent_error_is_never_returned_as_an_answer() {
    let key = key(ALICE, id(1));
    let denied = Reply::Answer(403, "<Error><Code>AccessDenied</Code></Error>");
    for reply in TRANSIENT.into_iter().chain([denied]) {
        let server = Server::start(reply);
        let bucket = S3Objects::new(server.clients().await, "bucket");
        bucket.head(&key, Some("v1")).await.expect_err("an error, not a missing version");
        bucket.read(&key, "v1", WINDOW).await.expect_err("an error, not a missing version");
        bucket.versions(&key).await.expect_err("an error, not an empty list");
        bucket.delete_version(&key, "v1").await.expect_err("an error, not a deletion");
        let table = DynamoRecords::new(server.clients().await, "table");
        table.get(key.id()).await.expect_err("an error, not a missing record");
        table.put_verdict(&validated(&key, "v1", Outcome::Accepted)).await.expect_err("an error, not a write");
        table.write_tombstone(&key, now()).await.expect_err("an error, not a tombstone");
        let bus = EventBridge::new(server.clients().await, "bus");
        bus.put(&[event()]).await.expect_err("an error, not a published event");
    }
}

#[tokio::test]
async fn a_truncated_body_is_an_error_and_not_a_short_file() {
    let key = key(ALICE, id(1));
    let server = Server::start(Reply::HalfBody("01234"));
    let bucket = S3Objects::new(server.clients().await, "bucket");
    bucket.read(&key, "v1", WINDOW).await.expect_err("half of the window");
    assert_eq!(server.requests(), 3, "the read is tried three times");
}

#[tokio::test]
async fn put_events_reports_each_refused_entry() {
    let partial = r#"{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException","ErrorMessage":"slow"}]}"#;
    let server = Server::start(Reply::Answer(200, partial));
    let bus = EventBridge::new(server.clients().await, "bus");
    let refused = bus.put(&[event(), event()]).await.unwrap();
    assert_eq!((refused.len(), refused[0].place, refused[0].why.as_str()), (1, 1, "ThrottlingException: slow"));
    bus.put(&[event()]).await.expect_err("two results for one entry");
}
