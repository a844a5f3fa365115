//! Clients: they retry, abandon uploads, resume them later, and some send content that does not match the grant.

use lambda_http::{Body, Response};
use lambda_http_kit::HttpHandler;
use policy::Grant;
use policy::grant::METADATA_HEADER;
use policy::key::{ObjectKey, UploadId};
use serde_json::{Value, json};
use testkit::fault_injector::turn;
use testkit::http::{ApiRequest, ApiResponse};
use testkit::{PNG, Upload, owner};

use super::Task;
use super::end_state::{OwnerAction, VersionFacts};
use super::system::{PART_SIZE, System, advance_one_minute};

/// A client with one upload: a fifth of them are multipart uploads.
pub(super) fn client<'a>(system: &'a System<'a>) -> Task<'a> {
    if system.random.permille(200) { Box::pin(multipart_upload(system)) } else { Box::pin(single_upload(system)) }
}

/// One multipart upload: the client completes, aborts, deletes or abandons it.
async fn multipart_upload(system: &System<'_>) {
    let subject = ["alice", "bob"][system.random.below(2)];
    let scan = system.random.permille(250);
    let class = if scan { "scanned" } else { "default" };
    let request = json!({ "filename": "photo.png", "contentType": "image/png", "size": PNG.len(), "class": class });
    let key = system.random.next().to_string();
    let call = ApiRequest::new("POST", "/uploads/multipart").by(subject).header("idempotency-key", &key);
    let call = call.body(request.to_string());
    let created = initiate(system, &call).await;
    let (id, session) = (created["id"].as_str().unwrap(), created["sessionId"].as_str().unwrap());
    let key = ObjectKey::new(owner(subject), UploadId::parse(id).unwrap());
    let (facts, bytes) = random_content(system, scan, false);
    system.multipart_facts.borrow_mut().insert(key.id(), facts);
    let path = format!("/uploads/multipart/{session}");
    let max_parts = [0, 2, bytes.len()][system.random.below(3)];
    send_parts(system, &created, &bytes, max_parts);
    wait_some_turns(system).await;
    match system.random.below(10) {
        // Some of these clients resume after days, the others never.
        3 => system.abandoned.borrow_mut().push(AbandonedUpload { subject, key, path, bytes }),
        0 => {
            let abort = ApiRequest::new("DELETE", &path).by(subject);
            let complete = &system.functions.complete;
            let answer = retry(system, async || complete.handle(abort.request()).await).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        1 | 2 => delete(system, subject, &key).await,
        _ => {
            complete(system, subject, &path, &bytes).await;
            maybe_delete(system, subject, &key).await;
        }
    }
}

/// A multipart upload whose client may resume it.
pub(super) struct AbandonedUpload {
    subject: &'static str,
    key: ObjectKey,
    path: String,
    bytes: Vec<u8>,
}

/// The clients of about half of the abandoned uploads, which now complete them.
pub(super) fn resume_abandoned<'a>(system: &'a System<'a>) -> Vec<Task<'a>> {
    let resumed = system.abandoned.take().into_iter().filter(|_| system.random.permille(500));
    resumed
        .map(|upload| -> Task<'a> {
            Box::pin(async move {
                complete(system, upload.subject, &upload.path, &upload.bytes).await;
                maybe_delete(system, upload.subject, &upload.key).await;
            })
        })
        .collect()
}

/// Completes the upload. Sends missing parts until S3 has all of them.
async fn complete(system: &System<'_>, subject: &str, path: &str, bytes: &[u8]) {
    let call = ApiRequest::new("POST", &format!("{path}/complete")).by(subject);
    let complete = &system.functions.complete;
    loop {
        let answer = retry(system, async || complete.handle(call.request()).await).await;
        match answer.status {
            200 => return,
            // A killed function still holds the lease.
            202 => advance_one_minute(),
            // Parts are missing, or the upload was recreated: send what S3 does not have.
            409 => resume(system, subject, path, bytes).await,
            _ => panic!("{}", answer.body),
        }
    }
}

async fn maybe_delete(system: &System<'_>, subject: &str, key: &ObjectKey) {
    if system.random.permille(250) {
        wait_some_turns(system).await;
        delete(system, subject, key).await;
    }
}

async fn initiate(system: &System<'_>, call: &ApiRequest) -> Value {
    let initiate = &system.functions.initiate;
    let created = retry(system, async || initiate.handle(call.request()).await).await;
    assert_eq!(created.status, 201, "{}", created.body);
    created.body
}

/// Lists the parts that S3 has, and sends some or all of the others.
async fn resume(system: &System<'_>, subject: &str, path: &str, bytes: &[u8]) {
    let (path, parts) = (format!("{path}/parts"), &system.functions.parts);
    let list = ApiRequest::new("GET", &path).by(subject);
    let listed = retry(system, async || parts.handle(list.request()).await).await;
    let sign = ApiRequest::new("POST", &path).by(subject).body(json!({ "from": 1 }).to_string());
    let mut signed = retry(system, async || parts.handle(sign.request()).await).await;
    match (listed.outcome(), signed.outcome()) {
        ((200, _), (200, _)) => {}
        // A failed completion could not release its lease. The next completion takes the lease over.
        ((200 | 409, _), (409, _)) => return,
        _ => panic!("{} {}", listed.body, signed.body),
    }
    let stored: Vec<&Value> = listed.body["parts"].as_array().unwrap().iter().map(|part| &part["partNumber"]).collect();
    signed.body["parts"].as_array_mut().unwrap().retain(|part| !stored.contains(&&part["partNumber"]));
    send_parts(system, &signed.body, bytes, 1 + system.random.below(bytes.len()));
}

/// Puts at most `max_parts` parts to their URLs. S3 answers 404 to the URL of an aborted upload.
fn send_parts(system: &System<'_>, signed: &Value, bytes: &[u8], max_parts: usize) {
    for part in signed["parts"].as_array().unwrap().iter().take(max_parts) {
        let (number, url) = (part["partNumber"].as_u64().unwrap(), part["url"].as_str().unwrap());
        let upload = url.split("uploadId=").nth(1).and_then(|rest| rest.split('&').next()).unwrap();
        let number = u32::try_from(number).unwrap();
        let content = bytes.chunks(PART_SIZE).nth(number as usize - 1).unwrap();
        let _ = system.stores.objects.put_part(upload, number, content);
    }
}

/// Sends a request until the answer is not 503.
async fn retry(system: &System<'_>, send: impl AsyncFn() -> Response<Body>) -> ApiResponse {
    loop {
        if let Some(response) = system.run_or_kill(send()).await {
            let answer = ApiResponse::of(&response);
            if answer.status != 503 {
                return answer;
            }
        }
        turn().await;
    }
}

/// One PUT or form upload, with replays.
async fn single_upload(system: &System<'_>) {
    let subject = ["alice", "bob", "carol"][system.random.below(3)];
    let (scan, form) = (system.random.permille(250), system.random.permille(400));
    let mut request = json!({ "filename": "photo.png", "contentType": "image/png" });
    request["class"] = json!(if scan { "scanned" } else { "default" });
    if form {
        request["method"] = json!("POST");
    } else {
        request["size"] = json!(PNG.len());
    }
    let (key, grant) = request_grant(system, subject, &request).await;
    // A form may be posted repeatedly until it expires. A PUT succeeds only while the key has no version.
    for _ in 0..=system.random.below(3) {
        if form || system.stores.objects.kept(&key).is_empty() {
            store_object(system, &key, &grant, scan, form);
        }
        wait_some_turns(system).await;
    }
    if system.random.permille(250) {
        delete(system, subject, &key).await;
        if form && system.random.permille(300) {
            store_object(system, &key, &grant, scan, form);
        }
    } else {
        check_status(system, subject, &key).await;
    }
}

async fn wait_some_turns(system: &System<'_>) {
    for _ in 0..system.random.below(30) {
        turn().await;
    }
}

/// Requests a grant until it succeeds. A fifth of the requests is repeated, which must return the same id.
async fn request_grant(system: &System<'_>, subject: &str, request: &Value) -> (ObjectKey, Grant) {
    let idempotency_key = system.random.next().to_string();
    let call = ApiRequest::new("POST", "/uploads").by(subject).header("idempotency-key", &idempotency_key);
    let call = call.body(request.to_string());
    let mut first = None;
    loop {
        let answer = retry(system, async || system.functions.presign.handle(call.request()).await).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let id = answer.body["id"].as_str().unwrap().to_owned();
        assert!(
            first.as_ref().is_none_or(|first| *first == id),
            "one idempotency key gave two uploads: {first:?} and {id}"
        );
        first = Some(id.clone());
        if system.random.permille(200) {
            continue;
        }
        let sent = if answer.body["fields"].is_object() { &answer.body["fields"] } else { &answer.body["headers"] };
        let grant = Grant::decode(sent[METADATA_HEADER].as_str().unwrap()).unwrap();
        return (ObjectKey::new(owner(subject), UploadId::parse(&id).unwrap()), grant);
    }
}

/// Stores random content under a grant.
fn store_object(system: &System<'_>, key: &ObjectKey, grant: &Grant, scan: bool, form: bool) {
    let (facts, bytes) = random_content(system, scan, form);
    let version = system.stores.objects.put(key, Upload::granted(grant, &bytes));
    system.facts.borrow_mut().insert(version, facts);
}

/// Random content and its facts.
fn random_content(system: &System<'_>, scan: bool, form: bool) -> (VersionFacts, Vec<u8>) {
    let matches_grant = system.random.permille(600);
    let bytes = match (matches_grant, form, system.random.below(2)) {
        (true, ..) => PNG.to_vec(),
        // A presigned PUT fixes the length.
        // More dangerous than a picture, so it is never harmless.
        (false, false, _) => {
            let page = b"<!doctype html><script>alert(1)</script>";
            page.iter().copied().chain(std::iter::repeat(b' ')).take(PNG.len()).collect()
        }
        (false, true, 0) => PNG[..40].to_vec(),
        (false, true, _) => b"MZ\x90\0 no picture".to_vec(),
    };
    let scan =
        scan.then(|| ["NO_THREATS_FOUND", "NO_THREATS_FOUND", "THREATS_FOUND", "UNSUPPORTED"][system.random.below(4)]);
    (VersionFacts { matches_grant, scan }, bytes)
}

/// Deletes the upload. A fifth of the clients sends one request and ignores the answer.
async fn delete(system: &System<'_>, subject: &str, key: &ObjectKey) {
    let call = ApiRequest::new("DELETE", &format!("/uploads/{}", key.id())).by(subject);
    if system.random.permille(200) {
        system.unconfirmed_deletions.borrow_mut().insert(key.id());
        let _ = system.run_or_kill(system.functions.uploads.handle(call.request())).await;
        return;
    }
    let answer = retry(system, async || system.functions.uploads.handle(call.request()).await).await;
    assert_eq!(answer.status, 200, "{}: {}", key.id(), answer.body);
    let mut uploads = system.uploads.borrow_mut();
    uploads.entry(key.id()).or_insert_with(|| (key.clone(), OwnerAction::Deleted)).1 = OwnerAction::Deleted;
}

/// Reads the status once. A verdict must be the right one, and another user must not see it.
async fn check_status(system: &System<'_>, subject: &str, key: &ObjectKey) {
    let path = format!("/uploads/{}", key.id());
    for (user, is_owner) in [(subject, true), ("mallory", false)] {
        let call = ApiRequest::new("GET", &path).by(user);
        let Some(response) = system.run_or_kill(system.functions.uploads.handle(call.request())).await else {
            continue;
        };
        let answer = ApiResponse::of(&response);
        match (answer.status, answer.body["status"].as_str()) {
            (503 | 404, _) => {}
            (200, Some("accepted" | "rejected")) if is_owner => {
                let facts = system.facts.borrow()[answer.body["versionId"].as_str().unwrap()];
                let expected = format!("{:?}", facts.outcome()).to_lowercase();
                assert_eq!(answer.body["status"], expected, "{}", answer.body);
            }
            (200, Some("validating")) if is_owner => {}
            _ => panic!("{user} sees {}", answer.body),
        }
    }
}
