//! `POST /s3/multipart`: what versions 5 and 6 send, and what an S3 client does.

use serde_json::{Value, json};
use shared::parts::PartPlan;
use shared::policy::SizeGrant;
use shared::size::ByteSize;
use shared::testing::http::{Answer, Call};
use shared::testing::{ALICE, BUCKET, MemoryObjects, MemoryRecords, ambient, config, owner};

use super::*;
use crate::{Deps, handle};

type World = Deps<MemoryRecords, MemoryObjects>;

fn world() -> World {
    let (records, store) = (MemoryRecords::default(), MemoryObjects::default());
    Deps { config: config(&[]), records, store, ambient: ambient() }
}

async fn create(world: &World, path: &str, body: &Value) -> Answer {
    let call = Call::new("POST", path).by(ALICE).body(body.to_string());
    Answer::of(&handle(world, call.request()).await.unwrap())
}

fn text(metadata: &Value) -> Value {
    json!({ "filename": "notes “1”.txt", "type": "text/plain", "metadata": metadata })
}

#[tokio::test]
async fn a_session_is_opened_under_companions_names() {
    let world = world();
    let answer = create(&world, "/s3/multipart", &text(&json!({ "name": "x", "relativePath": null, "n": 1 }))).await;
    assert_eq!(answer.outcome(), (200, ""), "{}", answer.body);
    let names: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["bucket", "key", "uploadId"]);
    let session = world.records.sessions().pop().unwrap();
    assert_eq!(answer.body["bucket"], BUCKET);
    assert_eq!(answer.body["key"], session.key.to_string());
    assert_eq!(answer.body["uploadId"], session.key.id().to_string());
    assert_eq!(session.key.owner(), &owner(ALICE));
    assert_eq!(session.grant.metadata, [("n".to_owned(), "1".to_owned())].into());
    assert!(matches!(session.plan, PartPlan::Unsized { .. }));
    assert_eq!(world.records.counted(&owner(ALICE)), 1);
    assert_eq!(world.store.pending().len(), 1);
}

#[tokio::test]
async fn a_known_size_bounds_the_whole_and_plans_no_part() {
    let world = world();
    let twelve = 12 << 20;
    let answer = create(&world, "/s3/multipart", &text(&json!({ "size": twelve }))).await;
    assert_eq!(answer.outcome(), (200, ""));
    let session = world.records.sessions().pop().unwrap();
    assert_eq!(session.grant.size, SizeGrant::Exactly(ByteSize::from_bytes(twelve)));
    let PartPlan::Unsized { limit, last, .. } = session.plan else { panic!("{:?}", session.plan) };
    assert_eq!((limit.bytes(), last.get()), (twelve, 3), "parts of 5 MiB, as Uppy cuts them");
    assert_eq!(world.records.counted(&owner(ALICE)), 0, "its size is known");
}

#[tokio::test]
async fn an_s3_client_is_answered_in_s3s_words() {
    let world = world();
    let query = "xml&filename=notes.txt&metadata%5Bclass%5D=strict";
    let call = Call::new("POST", "/s3/multipart").query(query).by(ALICE).header("content-type", "text/plain");
    let answer = handle(&world, call.request()).await.unwrap();
    let session = world.records.sessions().pop().unwrap();
    assert_eq!((answer.status().as_u16(), session.grant.class.as_str()), (200, "strict"));
    assert_eq!(session.grant.content_type.as_str(), "text/plain");
    let (key, id) = (&session.key, session.key.id());
    let xml = format!(
        "<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{key}</Key><UploadId>{id}</UploadId>\
         </InitiateMultipartUploadResult>"
    );
    let Body::Text(body) = answer.body() else { panic!("text") };
    assert_eq!(*body, xml);
    let refused = Call::new("POST", "/giant/s3/multipart").query("xml&filename=a.png").by(ALICE);
    let refused = handle(&world, refused.request()).await.unwrap();
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.headers()["content-type"], "application/xml");
}

#[tokio::test]
async fn a_refusal_opens_nothing() {
    let world = world();
    for (path, body, expected) in [
        ("/s3/multipart", json!({ "type": "text/plain" }), (400, "invalid-filename")),
        ("/s3/multipart", json!({ "filename": ["a.txt"] }), (400, "invalid-filename")),
        ("/s3/multipart", json!({ "filename": "a.txt", "type": 1 }), (400, "invalid-content-type")),
        ("/s3/multipart", json!({ "filename": "a.txt", "metadata": "x" }), (400, "invalid-body")),
        ("/s3/multipart", json!({ "filename": "a.exe" }), (422, "type-not-allowed")),
        ("/avatar/s3/multipart", json!({ "filename": "a.txt", "type": "text/plain" }), (422, "type-not-allowed")),
        ("/giant/s3/multipart", json!({ "filename": "a.txt", "type": "text/plain" }), (422, "unknown-class")),
        ("/avatar/s3/multipart", json!({ "filename": "a.png", "metadata": { "size": 5_000_001 } }), (422, "too-large")),
        ("/s3/params", json!({}), (404, "no-such-route")),
    ] {
        assert_eq!(create(&world, path, &body).await.outcome(), expected, "{path} {body}");
    }
    let nobody = Call::new("POST", "/s3/multipart").body(text(&json!({})).to_string());
    let nobody = Answer::of(&handle(&world, nobody.request()).await.unwrap());
    assert_eq!(nobody.outcome(), (401, "unauthenticated"));
    assert_eq!(world.records.sessions(), []);
    assert_eq!(world.store.pending(), Vec::<String>::new());
}
