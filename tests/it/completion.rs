//! Every answer of S3 to `CompleteMultipartUpload`, over HTTP from a stub of S3. Needs no stack.

use aws_adapters::clients::Clients;
use aws_adapters::s3::S3Objects;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use jiff::Timestamp;
use lambda_http_kit::HttpHandler;
use policy::checksum::Checksum;
use policy::key::ObjectKey;
use policy::parts::{ETag, PartNumber};
use policy::s3_limits::StoreLimits;
use policy::session::{Session, State};
use policy::size::ByteSize;
use s3_stub::{CompleteFault, Stub};
use serde_json::json;
use testkit::http::{ApiRequest, ApiResponse};
use testkit::{ALICE, FaultInjector, MemoryQueue, MemoryRecords, config, grant, session_of};
use tokio::time::Instant;
use uploads_core::env::Env;
use uploads_core::multipart::{Completion, Multipart, RequestedParts, SessionProblem};
use uploads_core::ports::multipart_uploads::{
    CompleteError, CompleteMultipartUpload, CreateMultipartUpload, MultipartUploads,
};
use uploads_core::ports::objects::Objects;

use crate::support::fresh_key;

/// The size of every part but the last.
const PART: u64 = 8 << 20;

/// The S3 adapter over the stub.
fn bucket(stub: &Stub) -> S3Objects {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(stub.endpoint())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "stub")))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        // The functions have the SDK's retries too. Calls that must not be repeated switch them off.
        .retry_config(aws_sdk_s3::config::retry::RetryConfig::standard())
        .build();
    S3Objects::new(Clients::of(config, true), "stub")
}

/// Creates a multipart upload of `count` parts, and the request that completes it.
async fn create(stub: &Stub, bucket: &S3Objects, key: &ObjectKey, count: u32) -> (String, CompleteMultipartUpload) {
    let encoded_grant = grant(key.owner(), 1).encode_for_multipart().unwrap();
    let request =
        CreateMultipartUpload { content_type: "image/png".to_owned(), encoded_grant, generation: 4, checksum: None };
    let upload = bucket.create_upload(key, &request).await.unwrap();
    stub.fill(&upload, count, PART, 1);
    let (mut parts, mut next) = (Vec::new(), None);
    loop {
        let page = bucket.list_parts(key, &upload, next).await.unwrap().unwrap();
        parts.extend(page.parts.into_iter().map(|part| (part.number, part.etag, part.checksum)));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(parts.len(), usize::try_from(count).unwrap());
    let size = ByteSize::from_bytes(u64::from(count - 1) * PART + 1);
    (upload, CompleteMultipartUpload { parts, part_checksum: None, size, checksum: None })
}

fn name_of(outcome: &Result<policy::session::Completed, CompleteError>) -> &'static str {
    match outcome {
        Ok(_) => "done",
        Err(CompleteError::NoSuchUpload) => "no such upload",
        Err(CompleteError::Exists) => "exists",
        Err(CompleteError::Conflict) => "conflict",
        Err(CompleteError::InvalidPart) => "invalid part",
        Err(CompleteError::PartTooSmall) => "too small",
        Err(CompleteError::ObjectMismatch(_)) => "object mismatch",
        Err(CompleteError::Unclear(_)) => "unclear",
    }
}

#[tokio::test]
async fn each_answer_of_s3_has_its_outcome_and_is_not_retried() {
    let stub = Stub::start().unwrap();
    let bucket = bucket(&stub);
    for (scenario, expected, object) in [
        (CompleteFault::Plain, "done", true),
        (CompleteFault::Refuse(404, "NoSuchUpload"), "no such upload", false),
        (CompleteFault::RefuseAfter(404, "NoSuchUpload"), "no such upload", true),
        (CompleteFault::Refuse(412, "PreconditionFailed"), "exists", false),
        (CompleteFault::RefuseAfter(412, "PreconditionFailed"), "exists", true),
        (CompleteFault::Refuse(409, "ConditionalRequestConflict"), "conflict", false),
        (CompleteFault::Refuse(409, "OperationAborted"), "conflict", false),
        (CompleteFault::Refuse(400, "InvalidPart"), "invalid part", false),
        (CompleteFault::Refuse(400, "InvalidPartOrder"), "invalid part", false),
        (CompleteFault::Refuse(400, "EntityTooSmall"), "too small", false),
        (CompleteFault::Refuse(400, "BadDigest"), "object mismatch", false),
        (CompleteFault::Refuse(400, "InvalidRequest"), "object mismatch", false),
        (CompleteFault::Refuse(500, "InternalError"), "unclear", false),
        (CompleteFault::Refuse(503, "SlowDown"), "unclear", false),
        (CompleteFault::Refuse(403, "AccessDenied"), "unclear", false),
        (CompleteFault::RefuseAfter(500, "InternalError"), "unclear", true),
        (CompleteFault::ErrorIn200("InternalError"), "unclear", false),
        (CompleteFault::ErrorIn200After("InternalError"), "unclear", true),
        (CompleteFault::ErrorIn200("NoSuchUpload"), "no such upload", false),
        (CompleteFault::ErrorIn200("PreconditionFailed"), "exists", false),
        (CompleteFault::ErrorIn200("InvalidPart"), "invalid part", false),
        (CompleteFault::HangUp, "unclear", false),
        (CompleteFault::HangUpAfter, "unclear", true),
        (CompleteFault::HangUpAmidst, "unclear", true),
    ] {
        let key = fresh_key();
        let (upload, request) = create(&stub, &bucket, &key, 3).await;
        stub.play(&[scenario]);
        stub.requests();
        let outcome = bucket.complete_upload(&key, &upload, &request).await;
        assert_eq!(name_of(&outcome), expected, "{scenario:?}: {outcome:?}");
        assert_eq!(stub.requests(), ["POST uploadId"], "{scenario:?}: sent more than once");
        let seen = bucket.head(&key, None).await.unwrap();
        assert_eq!(seen.as_ref().map(|seen| (seen.generation, seen.grant.is_ok())), object.then_some((Some(4), true)));
        assert_eq!(seen.map(|seen| seen.size), object.then_some(request.size), "{scenario:?}");
    }
}

#[tokio::test]
async fn a_slow_completion_is_awaited() {
    let stub = Stub::start().unwrap();
    let bucket = bucket(&stub);
    let key = fresh_key();
    let (upload, request) = create(&stub, &bucket, &key, 2).await;
    stub.play(&[CompleteFault::Slow]);
    let completion = bucket.complete_upload(&key, &upload, &request);
    tokio::pin!(completion);
    // S3 sends white space until it has finished.
    let early = tokio::time::timeout(std::time::Duration::from_millis(200), &mut completion).await;
    assert!(early.is_err(), "{early:?}");
    assert_eq!(stub.object(&key.to_string()), None);
    stub.release();
    let done = completion.await.unwrap();
    assert!(done.etag.as_str().ends_with("-2"));
}

#[tokio::test]
async fn s3_refuses_an_invalid_completion() {
    let stub = Stub::start().unwrap();
    let bucket = bucket(&stub);
    let key = fresh_key();
    let (upload, right) = create(&stub, &bucket, &key, 3).await;
    let outcome =
        async |request: CompleteMultipartUpload| name_of(&bucket.complete_upload(&key, &upload, &request).await);
    let mut changed = right.clone();
    changed.parts[1].1 = ETag::parse("other").unwrap();
    assert_eq!(outcome(changed).await, "invalid part");
    let mut unordered = right.clone();
    unordered.parts.swap(0, 1);
    assert_eq!(outcome(unordered).await, "invalid part");
    let mut one_too_many = right.clone();
    one_too_many.parts.push((PartNumber::new(4).unwrap(), ETag::parse("e").unwrap(), None));
    assert_eq!(outcome(one_too_many).await, "invalid part");
    let size = ByteSize::from_bytes(right.size.bytes() + 1);
    assert_eq!(outcome(CompleteMultipartUpload { size, ..right.clone() }).await, "object mismatch");
    stub.fill(&upload, 3, (5 << 20) - 1, 1);
    let size = ByteSize::from_bytes(2 * ((5 << 20) - 1) + 1);
    assert_eq!(outcome(CompleteMultipartUpload { size, ..right.clone() }).await, "too small");
    assert_eq!(stub.object(&key.to_string()), None);
    stub.put(&key.to_string());
    assert_eq!(outcome(right).await, "exists");
}

fn multipart<'a>(table: &'a MemoryRecords, store: &'a S3Objects) -> Multipart<'a, MemoryRecords, S3Objects> {
    Multipart { records: table, objects: store, now: Timestamp::now }
}

async fn complete(table: &MemoryRecords, store: &S3Objects, key: &ObjectKey) -> Result<Completion, SessionProblem> {
    let until = Instant::now() + std::time::Duration::from_secs(24);
    let requested = RequestedParts { parts: None, checksum: Checksum::parse("crc64nvme", "AAAAAAAAAAA=").ok() };
    Box::pin(multipart(table, store).complete(key, &requested, "me", StoreLimits::S3, until)).await
}

async fn open(table: &MemoryRecords, store: &S3Objects, stub: &Stub, size: u64) -> (ObjectKey, String) {
    let key = fresh_key();
    let deadline = Timestamp::now().checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
    let session = Session { deadline, ..session_of(&key, size) };
    let (plan, session) = (session.plan, Box::pin(multipart(table, store).open(session, None)).await.unwrap());
    let State::Open { upload } = session.state else { panic!("{:?}", session.state) };
    let last = plan.size_of(plan.last()).unwrap().bytes();
    stub.fill(&upload, plan.last().get(), plan.part_size().bytes(), last);
    (key, upload)
}

/// The answer leaves open whether S3 completed the upload. In the end the session is complete, there is one object, and
/// no upload is in progress.
#[tokio::test]
async fn after_an_unclear_answer_the_completion_finds_the_object() {
    for scenarios in [
        vec![CompleteFault::ErrorIn200("InternalError")],
        vec![CompleteFault::ErrorIn200After("InternalError")],
        vec![CompleteFault::HangUp],
        vec![CompleteFault::HangUpAfter],
        vec![CompleteFault::HangUpAmidst],
        vec![CompleteFault::RefuseAfter(404, "NoSuchUpload")],
        vec![CompleteFault::RefuseAfter(412, "PreconditionFailed")],
        vec![CompleteFault::Refuse(409, "ConditionalRequestConflict")],
        vec![CompleteFault::Refuse(503, "SlowDown"), CompleteFault::HangUpAfter],
    ] {
        let stub = Stub::start().unwrap();
        let (table, store) = (MemoryRecords::default(), bucket(&stub));
        let (key, _) = open(&table, &store, &stub, 2 * PART + 1).await;
        stub.play(&scenarios);
        let done = complete(&table, &store, &key).await;
        assert!(matches!(done, Ok(Completion::Done(_))), "{scenarios:?}: {done:?}");
        assert!(matches!(table.session_of(key.id()).unwrap().state, State::Completed(_)), "{scenarios:?}");
        assert_eq!(stub.object(&key.to_string()).unwrap().size, 2 * PART + 1, "{scenarios:?}");
        assert_eq!(stub.under_way(), Vec::<String>::new(), "{scenarios:?}");
    }
}

#[tokio::test]
async fn the_largest_object_of_ten_thousand_parts_is_listed_and_completed() {
    let stub = Stub::start().unwrap();
    let (table, store) = (MemoryRecords::default(), bucket(&stub));
    let largest = StoreLimits::S3.object.bytes();
    assert_eq!(largest, 53_687_091_200_000, "48.8 TiB");
    let (key, upload) = open(&table, &store, &stub, largest).await;
    let listing = Box::pin(multipart(&table, &store).list(&key)).await.unwrap();
    assert_eq!(listing.parts.len(), 10_000);
    assert!(listing.parts.iter().all(|part| part.size.bytes() == 5 << 30));
    stub.requests();
    assert!(matches!(complete(&table, &store, &key).await, Ok(Completion::Done(_))));
    let requests = stub.requests();
    let count = |request: &str| requests.iter().filter(|sent| *sent == request).count();
    assert_eq!((count("GET uploadId"), count("POST uploadId"), requests.len()), (10, 1, 11), "{requests:?}");
    let object = stub.object(&key.to_string()).unwrap();
    assert_eq!((object.size, object.etag.ends_with("-10000\"")), (largest, true));
    assert!(!stub.under_way().contains(&upload));
}

/// A port without faults, in the type that can be shared by several `Deps`.
fn shared<T>(port: &T) -> testkit::FaultyPort<'_, T> {
    static NO_FAULTS: std::sync::OnceLock<FaultInjector> = std::sync::OnceLock::new();
    NO_FAULTS.get_or_init(FaultInjector::none).of(port)
}

#[tokio::test]
async fn the_handlers_accept_the_largest_object_and_refuse_one_byte_more() {
    let stub = Stub::start().unwrap();
    let (table, store, queue) = (MemoryRecords::default(), bucket(&stub), MemoryQueue::default());
    let largest = StoreLimits::S3.object.bytes();
    let (initiate, parts, complete) = (
        multipart_initiate::Deps {
            config: config(&[]),
            records: shared(&table),
            objects: shared(&store),
            env: Env::system(),
        },
        multipart_parts::Deps {
            config: config(&[]),
            records: shared(&table),
            objects: shared(&store),
            env: Env::system(),
        },
        multipart_complete::Deps {
            config: config(&[]),
            records: shared(&table),
            objects: shared(&store),
            completions: shared(&queue),
            env: Env::system(),
        },
    );
    let initiate_upload = async |size: u64| {
        let body = json!({ "filename": "film.mp4", "contentType": "video/mp4", "size": size });
        let call = ApiRequest::new("POST", "/uploads/multipart").by(ALICE).body(body.to_string());
        ApiResponse::of(&Box::pin(initiate.handle(call.request())).await)
    };
    let refused = initiate_upload(largest + 1).await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("too-large")));
    assert_eq!(
        (table.sessions().len(), stub.under_way()),
        (0, Vec::<String>::new()),
        "no session and no upload was created"
    );

    let initiated = initiate_upload(largest).await;
    assert_eq!((initiated.status, &initiated.body["partCount"]), (201, &json!(10_000)), "{}", initiated.body);
    let (part_size, session) =
        (initiated.body["partSize"].as_u64().unwrap(), initiated.body["sessionId"].as_str().unwrap());
    assert_eq!(part_size, 5 << 30);
    stub.fill(&stub.under_way()[0], 10_000, part_size, part_size);
    let path = format!("/uploads/multipart/{session}");

    let (mut next, mut signed) = (Some(1), 0);
    while let Some(from) = next {
        let call =
            ApiRequest::new("POST", &format!("{path}/parts")).by(ALICE).body(json!({ "from": from }).to_string());
        let page = Box::pin(parts.handle(call.request())).await;
        assert!(page.body().len() < 6 << 20);
        let page = ApiResponse::of(&page);
        signed += page.body["parts"].as_array().unwrap().len();
        next = page.body["next"].as_u64();
    }
    assert_eq!(signed, 10_000);

    let call = ApiRequest::new("GET", &format!("{path}/parts")).by(ALICE);
    let listed = ApiResponse::of(&Box::pin(parts.handle(call.request())).await);
    let listed = listed.body["parts"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 10_000);
    let all: Vec<_> = listed.iter().map(|p| json!({ "partNumber": p["partNumber"], "etag": p["etag"] })).collect();

    let call = ApiRequest::new("POST", &format!("{path}/complete")).by(ALICE).body(json!({ "parts": all }).to_string());
    for _ in 0..2 {
        let done = ApiResponse::of(&Box::pin(complete.handle(call.request())).await);
        assert_eq!((done.status, &done.body["size"]), (200, &json!(largest)), "{}", done.body);
    }
    let state = table.sessions()[0].clone();
    assert_eq!(stub.object(&state.key.to_string()).unwrap().size, largest);
    assert_eq!((stub.under_way(), queue.sent()), (Vec::new(), Vec::new()));
}
