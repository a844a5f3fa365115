//! `POST /s3/multipart`, as Uppy 5, Uppy 6 and S3 clients send it.

use lambda_http_kit::HttpHandler;
use policy::SizeGrant;
use policy::size::ByteSize;
use serde_json::{Value, json};
use testkit::http::{ApiRequest, ApiResponse};
use testkit::{ALICE, BUCKET, MemoryObjects, MemoryRecords, config, env, owner};

use super::*;

type MemoryDeps = Deps<MemoryRecords, MemoryObjects>;

fn deps() -> MemoryDeps {
    Deps { config: config(&[]), records: MemoryRecords::default(), objects: MemoryObjects::default(), env: env() }
}

async fn create(deps: &MemoryDeps, path: &str, body: &Value) -> ApiResponse {
    let call = ApiRequest::new("POST", path).by(ALICE).body(body.to_string());
    ApiResponse::of(&deps.handle(call.request()).await)
}

fn text_file(metadata: &Value) -> Value {
    json!({ "filename": "notes “1”.txt", "type": "text/plain", "metadata": metadata })
}

#[tokio::test]
async fn the_answer_has_companions_field_names() {
    let deps = deps();
    let answer =
        create(&deps, "/s3/multipart", &text_file(&json!({ "name": "x", "relativePath": null, "n": 1 }))).await;
    assert_eq!(answer.outcome(), (200, ""), "{}", answer.body);
    let names: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["bucket", "key", "uploadId"]);
    let session = deps.records.sessions().pop().unwrap();
    assert_eq!(answer.body["bucket"], BUCKET);
    assert_eq!(answer.body["key"], session.key.to_string());
    assert_eq!(answer.body["uploadId"], session.key.id().to_string());
    assert_eq!(session.key.owner(), &owner(ALICE));
    assert_eq!(session.grant.metadata, [("n".to_owned(), "1".to_owned())].into());
    assert!(matches!(session.plan, PartPlan::Unsized { .. }));
    assert_eq!(deps.records.counted(&owner(ALICE)), 1);
    assert_eq!(deps.objects.pending().len(), 1);
}

#[tokio::test]
async fn a_declared_size_limits_the_upload_but_sets_no_part_sizes() {
    let deps = deps();
    let size = 12 << 20;
    let answer = create(&deps, "/s3/multipart", &text_file(&json!({ "size": size }))).await;
    assert_eq!(answer.outcome(), (200, ""));
    let session = deps.records.sessions().pop().unwrap();
    assert_eq!(session.grant.size, SizeGrant::Exactly(ByteSize::from_bytes(size)));
    let PartPlan::Unsized { limit, last, .. } = session.plan else { panic!("{:?}", session.plan) };
    assert_eq!((limit.bytes(), last.get()), (size, 3), "parts of at least 5 MiB");
    assert_eq!(deps.records.counted(&owner(ALICE)), 0, "only sessions without a declared size count");
}

#[tokio::test]
async fn an_s3_client_gets_s3s_xml() {
    let deps = deps();
    let query = "xml&filename=notes.txt&metadata%5Bclass%5D=strict";
    let call = ApiRequest::new("POST", "/s3/multipart").query(query).by(ALICE).header("content-type", "text/plain");
    let answer = deps.handle(call.request()).await;
    let session = deps.records.sessions().pop().unwrap();
    assert_eq!((answer.status().as_u16(), session.grant.class.as_str()), (200, "strict"));
    assert_eq!(session.grant.content_type.as_str(), "text/plain");
    let (key, id) = (&session.key, session.key.id());
    let xml = format!(
        "<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{key}</Key><UploadId>{id}</UploadId>\
         </InitiateMultipartUploadResult>"
    );
    let Body::Text(body) = answer.body() else { panic!("text") };
    assert_eq!(*body, xml);
    let refused = ApiRequest::new("POST", "/giant/s3/multipart").query("xml&filename=a.png").by(ALICE);
    let refused = deps.handle(refused.request()).await;
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.headers()["content-type"], "application/xml");
}

#[tokio::test]
async fn a_refused_request_creates_nothing() {
    let deps = deps();
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
        assert_eq!(create(&deps, path, &body).await.outcome(), expected, "{path} {body}");
    }
    let without_claims = ApiRequest::new("POST", "/s3/multipart").body(text_file(&json!({})).to_string());
    let answer = ApiResponse::of(&deps.handle(without_claims.request()).await);
    assert_eq!(answer.outcome(), (401, "unauthenticated"));
    assert_eq!(deps.records.sessions(), []);
    assert_eq!(deps.objects.pending(), Vec::<String>::new());
}
