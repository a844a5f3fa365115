//! The deployed binary of the reconciler, over the emulator's table, bucket and queue.

use std::collections::BTreeSet;

use aws_adapters::clients::Clients;
use aws_adapters::dynamodb::DynamoRecords;
use aws_adapters::s3::S3Objects;
use jiff::{SignedDuration, Timestamp};
use local_stack::http::send;
use policy::key::{ObjectKey, OwnerId};
use policy::parts::PartNumber;
use policy::session::{Event, Session, State};
use policy::upload::Outcome;
use serde_json::json;
use testkit::contract::{Stacking, Stocking, validated};
use testkit::{PNG, Upload, fresh_id, grant, session_of};
use uploads_core::ports::multipart_uploads::{CreateMultipartUpload, MultipartUploads};
use uploads_core::ports::object_listing::ObjectListing;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

use crate::events::start;
use crate::ports::{QuietBucket, config};
use crate::world::{eventually, messages, quiet_queue, quiet_table};

fn fresh_key() -> ObjectKey {
    ObjectKey::new(OwnerId::from_claims("reconcile", &fresh_id().to_string()).unwrap(), fresh_id())
}

pub(crate) async fn begin(bucket: &S3Objects, stock: &QuietBucket, key: &ObjectKey) -> String {
    let encoded_grant = grant(key.owner(), 5).encode_for_parts().unwrap();
    let beginning =
        CreateMultipartUpload { content_type: "image/png".to_owned(), encoded_grant, generation: 1, checksum: None };
    let upload = bucket.create_upload(key, &beginning).await.unwrap();
    stock.part(key, &upload, PartNumber::FIRST, b"12345", None).await.unwrap();
    upload
}

pub(crate) async fn opened(table: &DynamoRecords, session: Session, upload: &str) -> Session {
    table.open(&session).await.unwrap();
    let next = session.step(Event::Created { upload: upload.to_owned() }, Timestamp::now()).unwrap();
    table.change(&next).await.unwrap();
    next
}

#[tokio::test]
async fn what_nobody_came_back_for_is_finished() {
    let stock = QuietBucket::new("reconcile");
    let events = quiet_queue(&format!("reconcile-{}", std::process::id()));
    // Of its own: what is due in the deployed one is in another bucket.
    let table_name = quiet_table("reconcile");
    let bucket = S3Objects::new(Clients::of(config(), true), &stock.name);
    let table = DynamoRecords::new(Clients::of(config(), true), &table_name);
    let now = Timestamp::now();

    let live = fresh_key();
    let kept = begin(&bucket, &stock, &live).await;
    let deadline = now.checked_add(SignedDuration::from_hours(1)).unwrap();
    let live_session = opened(&table, Session { deadline, ..session_of(&live, 5) }, &kept).await;
    let stale = fresh_key();
    let upload = begin(&bucket, &stock, &stale).await;
    opened(&table, Session { deadline: now, ..session_of(&stale, 5) }, &upload).await;
    let interrupted = fresh_key();
    let upload = begin(&bucket, &stock, &interrupted).await;
    let session = opened(&table, session_of(&interrupted, 5), &upload).await;
    let lease = policy::session::Lease { holder: "gone".to_owned(), until: now };
    table.lease(&session.key, &lease, &policy::session::CompletionRequest::default(), now).await.unwrap();
    let orphan = fresh_key();
    begin(&bucket, &stock, &orphan).await;
    let unjudged = fresh_key();
    let version = stock.put(&unjudged, &Upload::granted(&grant(unjudged.owner(), PNG.len() as u64), PNG)).await;
    let accepted = fresh_key();
    let granted = Upload::granted(&grant(accepted.owner(), PNG.len() as u64), PNG);
    let (first, replay) = (stock.put(&accepted, &granted).await, stock.put(&accepted, &granted).await);
    table.put_verdict(&validated(&accepted, &first, Outcome::Accepted)).await.unwrap();

    let patience = [("RECONCILE_GRACE", "0s"), ("RECONCILE_ORPHAN_AGE", "0s"), ("RECONCILE_DAYS", "1")];
    let place = [("BUCKET", stock.name.as_str()), ("TABLE", &table_name), ("QUEUE_URL", &events)];
    let function = start("reconcile", &[patience.as_slice(), &place].concat());
    // An object's age has to reach a whole second.
    let mut seen = BTreeSet::new();
    eventually("the object without a verdict to be sent again", || {
        let answer = send("POST", &function.url, &[], b"{}").unwrap();
        assert_eq!((answer.status, &answer.json()["Failures"]), (200, &json!(0)), "{}", answer.text());
        seen.extend(messages(&events).iter().map(|event| {
            let object = &event["Records"][0]["s3"]["object"];
            (object["key"].as_str().unwrap().to_owned(), object["versionId"].as_str().unwrap().to_owned())
        }));
        let told = |key: &ObjectKey, version: &String| seen.contains(&(key.to_string(), version.clone()));
        (told(&unjudged, &version) && told(&accepted, &replay)).then_some(())
    });
    assert!(!seen.contains(&(accepted.to_string(), first)), "it has its verdict");

    assert_eq!(table.session(&live).await.unwrap(), Some(live_session), "nobody touched it");
    let state = async |key: &ObjectKey| table.session(key).await.unwrap().unwrap().state;
    assert!(matches!(state(&stale).await, State::Expired(policy::session::Cleanup::Done)));
    let State::Completed(whole) = state(&interrupted).await else { panic!("{:?}", state(&interrupted).await) };
    let lies = bucket.list_versions(&interrupted.to_string(), None).await.unwrap().versions;
    assert_eq!(lies.iter().map(|stored| stored.version.as_str()).collect::<Vec<_>>(), [whole.version]);
    let left = bucket.list_in_progress("1/", None).await.unwrap().uploads;
    assert_eq!(left.iter().map(|left| left.upload.as_str()).collect::<Vec<_>>(), [kept], "no upload without a session");
    bucket.abort_upload(&live, &left[0].upload).await.unwrap();
}
