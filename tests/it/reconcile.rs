//! The deployed binary of the reconciler, over a table, a bucket and a queue of the emulator.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use local_stack::http::send;
use policy::key::ObjectKey;
use policy::session::{Session, State};
use policy::upload::Outcome;
use serde_json::json;
use testkit::contract::validated;
use testkit::{PNG, session_of};
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::object_listing::ObjectListing;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

use crate::adapters::{TestBucket, objects, open_session, records};
use crate::aws::{create_queue, create_table, receive_json};
use crate::golden_events::start;
use crate::support::{fresh_key, wait_for};

#[tokio::test]
async fn the_reconciler_finishes_abandoned_work() {
    let test_bucket = TestBucket::new("reconcile");
    let queue = create_queue(&format!("reconcile-{}", std::process::id()));
    // A table of its own: the deployed table has due sessions, whose objects are in another bucket.
    let table_name = create_table("reconcile");
    let (bucket, table) = (objects(&test_bucket.name), records(&table_name));
    let now = Timestamp::now();

    let live = fresh_key();
    let live_upload = test_bucket.create_upload_with_part(&live).await;
    let deadline = now.checked_add(SignedDuration::from_hours(1)).unwrap();
    let live_session = open_session(&table, Session { deadline, ..session_of(&live, 5) }, &live_upload).await;
    let stale = fresh_key();
    let upload = test_bucket.create_upload_with_part(&stale).await;
    open_session(&table, Session { deadline: now, ..session_of(&stale, 5) }, &upload).await;
    let interrupted = fresh_key();
    let upload = test_bucket.create_upload_with_part(&interrupted).await;
    let session = open_session(&table, session_of(&interrupted, 5), &upload).await;
    let lease = policy::session::Lease { holder: "killed process".to_owned(), until: now };
    table.lease(&session.key, &lease, &policy::session::CompletionRequest::default(), now).await.unwrap();
    test_bucket.create_upload_with_part(&fresh_key()).await;
    let without_verdict = fresh_key();
    let version = test_bucket.put_granted(&without_verdict, PNG).await;
    let accepted = fresh_key();
    let first = test_bucket.put_granted(&accepted, PNG).await;
    let later = test_bucket.put_granted(&accepted, PNG).await;
    table.put_verdict(&validated(&accepted, &first, Outcome::Accepted)).await.unwrap();

    let ages = [("RECONCILE_GRACE", "0s"), ("RECONCILE_ORPHAN_AGE", "0s"), ("RECONCILE_DAYS", "1")];
    let resources = [("BUCKET", test_bucket.name.as_str()), ("TABLE", &table_name), ("QUEUE_URL", &queue)];
    let function = start("reconcile", &[ages.as_slice(), &resources].concat());
    // S3 reports times in whole seconds, so the first runs may find the objects too young.
    let mut sent = BTreeSet::new();
    wait_for("the events of versions without a verdict", || {
        let answer = send("POST", &function.url, &[], b"{}").unwrap();
        assert_eq!((answer.status, &answer.json()["Failures"]), (200, &json!(0)), "{}", answer.text());
        sent.extend(receive_json(&queue).iter().map(|event| {
            let object = &event["Records"][0]["s3"]["object"];
            (object["key"].as_str().unwrap().to_owned(), object["versionId"].as_str().unwrap().to_owned())
        }));
        let is_sent = |key: &ObjectKey, version: &String| sent.contains(&(key.to_string(), version.clone()));
        (is_sent(&without_verdict, &version) && is_sent(&accepted, &later)).then_some(())
    });
    assert!(!sent.contains(&(accepted.to_string(), first)), "the first version has its verdict");

    assert_eq!(table.session(&live).await.unwrap(), Some(live_session), "the live session is unchanged");
    let state = async |key: &ObjectKey| table.session(key).await.unwrap().unwrap().state;
    assert!(matches!(state(&stale).await, State::Expired(policy::session::Cleanup::Done)));
    let State::Completed(completed) = state(&interrupted).await else { panic!("{:?}", state(&interrupted).await) };
    let stored = bucket.list_versions(&interrupted.to_string(), None).await.unwrap().versions;
    assert_eq!(stored.iter().map(|stored| stored.version.as_str()).collect::<Vec<_>>(), [completed.version]);
    let in_progress = bucket.list_in_progress("1/", None).await.unwrap().uploads;
    let ids: Vec<&str> = in_progress.iter().map(|upload| upload.upload.as_str()).collect();
    assert_eq!(ids, [live_upload.as_str()], "only the live session has an upload in progress");
    bucket.abort_upload(&live, &live_upload).await.unwrap();
}
