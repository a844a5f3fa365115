//! Clients as they are: impatient, forgetful, and not all of them honest.

use serde_json::{Value, json};
use shared::grant::METADATA_HEADER;
use shared::key::{ObjectKey, UploadId};
use shared::policy::Grant;
use shared::testing::http::{Answer, Call};
use shared::testing::interruption::turn;
use shared::testing::{PNG, Upload, owner};

use super::Task;
use super::system::System;
use super::truth::Truth;

/// One upload from its grant to its end, drawn by lot.
pub(super) fn client<'a>(system: &'a System<'a>) -> Task<'a> {
    Box::pin(upload(system))
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
        let answer = match system.live(presign::handle(&system.functions.presign, call.request())).await {
            Some(Ok(response)) => Answer::of(&response),
            None => continue,
        };
        if answer.status == 503 {
            turn().await;
            continue;
        }
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
    let version = system.stores.objects.put(key, Upload::granted(grant, &bytes));
    system.truths.borrow_mut().insert(version, Truth { good, scan });
    system.made.borrow_mut().entry(key.id()).or_insert_with(|| (key.clone(), false));
}

/// Asks until it is deleted.
async fn delete(system: &System<'_>, subject: &str, key: &ObjectKey) {
    let call = Call::new("DELETE", &format!("/uploads/{}", key.id())).by(subject);
    loop {
        let answer = match system.live(uploads::handle(&system.functions.uploads, call.request())).await {
            Some(Ok(response)) => Answer::of(&response),
            None => continue,
        };
        if answer.status == 503 {
            turn().await;
            continue;
        }
        assert_eq!(answer.status, 200, "{}: {}", key.id(), answer.body);
        system.made.borrow_mut().get_mut(&key.id()).unwrap().1 = true;
        return;
    }
}

/// Looks once: what is said to be accepted must be, and nobody else may see it.
async fn status(system: &System<'_>, subject: &str, key: &ObjectKey) {
    let path = format!("/uploads/{}", key.id());
    for (who, own) in [(subject, true), ("mallory", false)] {
        let call = Call::new("GET", &path).by(who);
        let Some(Ok(response)) = system.live(uploads::handle(&system.functions.uploads, call.request())).await else {
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
