//! Clients as they are: impatient, forgetful, and not all of them honest.

use lambda_http::{Body, Response};
use lambda_http_kit::HttpHandler;
use policy::Grant;
use policy::grant::METADATA_HEADER;
use policy::key::{ObjectKey, UploadId};
use serde_json::{Value, json};
use testkit::http::{Answer, Call};
use testkit::interruption::turn;
use testkit::{PNG, Upload, owner};

use super::Task;
use super::system::{PART, System, a_minute};
use super::truth::{Fate, Truth};

/// One upload from its grant to its end, drawn by lot.
pub(super) fn client<'a>(system: &'a System<'a>) -> Task<'a> {
    if system.random.permille(200) { Box::pin(in_parts(system)) } else { Box::pin(upload(system)) }
}

/// One upload in parts: completed, given up, or deleted before it came to that.
async fn in_parts(system: &System<'_>) {
    let subject = ["alice", "bob"][system.random.below(2)];
    let scan = system.random.permille(250);
    let class = if scan { "scanned" } else { "default" };
    let wanted = json!({ "filename": "photo.png", "contentType": "image/png", "size": PNG.len(), "class": class });
    let key = system.random.next().to_string();
    let call = Call::new("POST", "/uploads/multipart").by(subject).header("idempotency-key", &key);
    let call = call.body(wanted.to_string());
    let begun = begin(system, &call).await;
    let (id, session) = (begun["id"].as_str().unwrap(), begun["sessionId"].as_str().unwrap());
    let key = ObjectKey::new(owner(subject), UploadId::parse(id).unwrap());
    let (truth, bytes) = lot(system, scan, false);
    system.intended.borrow_mut().insert(key.id(), truth);
    let path = format!("/uploads/multipart/{session}");
    let most = [0, 2, bytes.len()][system.random.below(3)];
    send(system, &begun, &bytes, most);
    wait(system).await;
    match system.random.below(10) {
        // Nobody comes back for it, or not for days.
        3 => system.left.borrow_mut().push(Left { subject, key, path, bytes }),
        0 => {
            let abort = Call::new("DELETE", &path).by(subject);
            let complete = &system.functions.complete;
            let gone = until(system, async || complete.handle(abort.request()).await).await;
            assert_eq!(gone.status, 200, "{}", gone.body);
        }
        1 | 2 => delete(system, subject, &key).await,
        _ => {
            complete(system, subject, &path, &bytes).await;
            delete_some(system, subject, &key).await;
        }
    }
}

/// What somebody left behind who may come back for it.
pub(super) struct Left {
    subject: &'static str,
    key: ObjectKey,
    path: String,
    bytes: Vec<u8>,
}

/// Every other one of those who left something behind comes back for it.
pub(super) fn late<'a>(system: &'a System<'a>) -> Vec<Task<'a>> {
    let left = system.left.take().into_iter().filter(|_| system.random.permille(500));
    left.map(|left| -> Task<'a> {
        Box::pin(async move {
            complete(system, left.subject, &left.path, &left.bytes).await;
            delete_some(system, left.subject, &left.key).await;
        })
    })
    .collect()
}

async fn complete(system: &System<'_>, subject: &str, path: &str, bytes: &[u8]) {
    let call = Call::new("POST", &format!("{path}/complete")).by(subject);
    let complete = &system.functions.complete;
    loop {
        let done = until(system, async || complete.handle(call.request()).await).await;
        match done.status {
            200 => return,
            // Somebody died with the lease in hand.
            202 => a_minute(),
            // Parts are missing, or the upload began anew: what S3 has not has to be sent, as soon as it may be.
            409 => resume(system, subject, path, bytes).await,
            _ => panic!("{}", done.body),
        }
    }
}

async fn delete_some(system: &System<'_>, subject: &str, key: &ObjectKey) {
    if system.random.permille(250) {
        wait(system).await;
        delete(system, subject, key).await;
    }
}

async fn begin(system: &System<'_>, call: &Call) -> Value {
    let initiate = &system.functions.initiate;
    let begun = until(system, async || initiate.handle(call.request()).await).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    begun.body
}

/// Asks what S3 has, and sends some or all of the rest.
async fn resume(system: &System<'_>, subject: &str, path: &str, bytes: &[u8]) {
    let (path, parts) = (format!("{path}/parts"), &system.functions.parts);
    let list = Call::new("GET", &path).by(subject);
    let listed = until(system, async || parts.handle(list.request()).await).await;
    let sign = Call::new("POST", &path).by(subject).body(json!({ "from": 1 }).to_string());
    let mut signed = until(system, async || parts.handle(sign.request()).await).await;
    match (listed.outcome(), signed.outcome()) {
        ((200, _), (200, _)) => {}
        // The lease of a completion that came to nothing could not be given back: completing again takes it over.
        ((200 | 409, _), (409, _)) => return,
        _ => panic!("{} {}", listed.body, signed.body),
    }
    let there: Vec<&Value> = listed.body["parts"].as_array().unwrap().iter().map(|part| &part["partNumber"]).collect();
    signed.body["parts"].as_array_mut().unwrap().retain(|part| !there.contains(&&part["partNumber"]));
    send(system, &signed.body, bytes, 1 + system.random.below(bytes.len()));
}

/// Sends at most `most` parts to where their URLs lead. One that leads nowhere any more is answered 404 by S3.
fn send(system: &System<'_>, signed: &Value, bytes: &[u8], most: usize) {
    for part in signed["parts"].as_array().unwrap().iter().take(most) {
        let (number, url) = (part["partNumber"].as_u64().unwrap(), part["url"].as_str().unwrap());
        let upload = url.split("uploadId=").nth(1).and_then(|rest| rest.split('&').next()).unwrap();
        let number = u32::try_from(number).unwrap();
        let content = bytes.chunks(PART).nth(number as usize - 1).unwrap();
        let _ = system.stores.objects.put_part(upload, number, content);
    }
}

/// Asks until there is an answer that is no fault.
async fn until(system: &System<'_>, ask: impl AsyncFn() -> Response<Body>) -> Answer {
    loop {
        if let Some(response) = system.live(ask()).await {
            let answer = Answer::of(&response);
            if answer.status != 503 {
                return answer;
            }
        }
        turn().await;
    }
}

async fn upload(system: &System<'_>) {
    let subject = ["alice", "bob", "carol"][system.random.below(3)];
    let (scan, form) = (system.random.permille(250), system.random.permille(400));
    let mut wanted = json!({ "filename": "photo.png", "contentType": "image/png" });
    wanted["class"] = json!(if scan { "scanned" } else { "default" });
    if form {
        wanted["method"] = json!("POST");
    } else {
        wanted["size"] = json!(PNG.len());
    }
    let (key, grant) = granted(system, subject, &wanted).await;
    // A form may be posted again and again while it lives; a PUT finds the place taken, unless nothing lies there.
    for _ in 0..=system.random.below(3) {
        if form || system.stores.objects.kept(&key).is_empty() {
            store(system, &key, &grant, scan, form);
        }
        wait(system).await;
    }
    if system.random.permille(250) {
        delete(system, subject, &key).await;
        if form && system.random.permille(300) {
            store(system, &key, &grant, scan, form);
        }
    } else {
        status(system, subject, &key).await;
    }
}

async fn wait(system: &System<'_>) {
    for _ in 0..system.random.below(30) {
        turn().await;
    }
}

/// Asks until there is a grant; now and then once more, for the same one.
async fn granted(system: &System<'_>, subject: &str, wanted: &Value) -> (ObjectKey, Grant) {
    let idempotency_key = system.random.next().to_string();
    let call = Call::new("POST", "/uploads").by(subject).header("idempotency-key", &idempotency_key);
    let call = call.body(wanted.to_string());
    let mut first = None;
    loop {
        let answer = until(system, async || system.functions.presign.handle(call.request()).await).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let id = answer.body["id"].as_str().unwrap().to_owned();
        assert!(first.as_ref().is_none_or(|first| *first == id), "one key, two uploads: {first:?} and {id}");
        first = Some(id.clone());
        if system.random.permille(200) {
            continue;
        }
        let sent = if answer.body["fields"].is_object() { &answer.body["fields"] } else { &answer.body["headers"] };
        let grant = Grant::decode(sent[METADATA_HEADER].as_str().unwrap()).unwrap();
        return (ObjectKey::new(owner(subject), UploadId::parse(&id).unwrap()), grant);
    }
}

/// What arrives at the store under a grant, for good or for bad.
fn store(system: &System<'_>, key: &ObjectKey, grant: &Grant, scan: bool, form: bool) {
    let (truth, bytes) = lot(system, scan, form);
    let version = system.stores.objects.put(key, Upload::granted(grant, &bytes));
    system.truths.borrow_mut().insert(version, truth);
}

/// What somebody sends, and what is true of it.
fn lot(system: &System<'_>, scan: bool, form: bool) -> (Truth, Vec<u8>) {
    let good = system.random.permille(600);
    let bytes = match (good, form, system.random.below(2)) {
        (true, ..) => PNG.to_vec(),
        // The signature of a PUT holds its length.
        (false, false, _) => vec![b'M'; PNG.len()],
        (false, true, 0) => PNG[..40].to_vec(),
        (false, true, _) => b"MZ\x90\0 no picture".to_vec(),
    };
    let scan =
        scan.then(|| ["NO_THREATS_FOUND", "NO_THREATS_FOUND", "THREATS_FOUND", "UNSUPPORTED"][system.random.below(4)]);
    (Truth { good, scan }, bytes)
}

/// Asks until it is deleted; or once, and never comes back to see.
async fn delete(system: &System<'_>, subject: &str, key: &ObjectKey) {
    let call = Call::new("DELETE", &format!("/uploads/{}", key.id())).by(subject);
    if system.random.permille(200) {
        system.unclear.borrow_mut().insert(key.id());
        let _ = system.live(system.functions.uploads.handle(call.request())).await;
        return;
    }
    let gone = until(system, async || system.functions.uploads.handle(call.request()).await).await;
    assert_eq!(gone.status, 200, "{}: {}", key.id(), gone.body);
    system.made.borrow_mut().entry(key.id()).or_insert_with(|| (key.clone(), Fate::Deleted)).1 = Fate::Deleted;
}

/// Looks once: what is said to be accepted must be, and nobody else may see it.
async fn status(system: &System<'_>, subject: &str, key: &ObjectKey) {
    let path = format!("/uploads/{}", key.id());
    for (who, own) in [(subject, true), ("mallory", false)] {
        let call = Call::new("GET", &path).by(who);
        let Some(response) = system.live(system.functions.uploads.handle(call.request())).await else {
            continue;
        };
        let answer = Answer::of(&response);
        match (answer.status, answer.body["status"].as_str()) {
            (503 | 404, _) => {}
            (200, Some("accepted" | "rejected")) if own => {
                let truth = system.truths.borrow()[answer.body["versionId"].as_str().unwrap()];
                let said = format!("{:?}", truth.outcome()).to_lowercase();
                assert_eq!(answer.body["status"], said, "{}", answer.body);
            }
            (200, Some("validating")) if own => {}
            _ => panic!("{who} sees {}", answer.body),
        }
    }
}
