//! Versions and events that arrive after the verdict.

use super::*;

const KEEP_REJECTED: &str =
    r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["*/*"]}], "onRejection": "keep"}}}"#;

/// Uploads and validates `bytes`. Returns the key and the version.
async fn validated(fixture: &Fixture, bytes: &[u8]) -> (ObjectKey, String) {
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), bytes);
    fixture.handle(direct(&[created(&key, &version)])).await.unwrap();
    (key, version)
}

#[tokio::test]
async fn a_duplicate_event_changes_nothing() {
    for (bytes, outcome) in [(PNG, Outcome::Accepted), (&PNG[..40], Outcome::Rejected)] {
        let fixture = Fixture::default();
        let (key, version) = validated(&fixture, bytes).await;
        let (record, kept) = (fixture.records.stored(), fixture.objects.kept(&key));
        let event = created(&key, &version);
        fixture.handle(direct(&[event.clone(), event.clone(), event])).await.unwrap();
        assert_eq!((fixture.records.stored(), fixture.objects.kept(&key)), (record, kept));
        assert_eq!(fixture.outcome(id(1)), Some((outcome, version)));
    }
}

#[tokio::test]
async fn a_second_version_after_a_rejection_is_deleted_even_if_its_content_is_acceptable() {
    for policy in [None, Some(KEEP_REJECTED)] {
        let fixture = Fixture { policy, ..Fixture::default() };
        let (key, first) = validated(&fixture, &PNG[..40]).await;
        let second = fixture.put(&key, PNG.len(), PNG);
        fixture.handle(direct(&[created(&key, &second)])).await.unwrap();
        assert_eq!(fixture.outcome(id(1)), Some((Outcome::Rejected, first.clone())));
        let kept: &[String] = if policy.is_some() { &[first] } else { &[] };
        assert_eq!(fixture.objects.kept(&key), kept);
    }
}

#[tokio::test]
async fn a_class_may_keep_rejected_versions() {
    let fixture = Fixture { policy: Some(KEEP_REJECTED), ..Fixture::default() };
    let (key, version) = validated(&fixture, &PNG[..40]).await;
    fixture.handle(direct(&[created(&key, &version)])).await.unwrap();
    assert_eq!(fixture.outcome(id(1)), Some((Outcome::Rejected, version.clone())));
    assert_eq!(fixture.objects.kept(&key), [version]);
}

#[tokio::test]
async fn a_second_version_of_an_accepted_upload_is_deleted() {
    let fixture = Fixture::default();
    let (key, first) = validated(&fixture, PNG).await;
    let second = fixture.put(&key, PNG.len(), PNG);
    fixture.handle(direct(&[created(&key, &second)])).await.unwrap();
    assert_eq!(fixture.outcome(id(1)), Some((Outcome::Accepted, first.clone())));
    assert_eq!(fixture.objects.kept(&key), [first]);
}

#[tokio::test]
async fn a_version_without_a_grant_over_an_accepted_upload_is_kept() {
    let fixture = Fixture::default();
    let (key, first) = validated(&fixture, PNG).await;
    let foreign = fixture.objects.put(&key, Upload::foreign(b"x"));
    fixture.handle(direct(&[created(&key, &foreign)])).await.unwrap();
    assert_eq!(fixture.outcome(id(1)), Some((Outcome::Accepted, first.clone())));
    assert_eq!(fixture.objects.kept(&key), [first, foreign]);
}

#[tokio::test]
async fn of_two_versions_the_first_one_validated_is_the_upload() {
    for swapped in [false, true] {
        let fixture = Fixture::default();
        let key = key(ALICE, id(1));
        let mut versions = [fixture.put(&key, PNG.len(), PNG), fixture.put(&key, PNG.len(), PNG)];
        if swapped {
            versions.reverse();
        }
        for version in &versions {
            fixture.handle(direct(&[created(&key, version)])).await.unwrap();
        }
        assert_eq!(fixture.outcome(id(1)), Some((Outcome::Accepted, versions[0].clone())));
        assert_eq!(fixture.objects.kept(&key), [versions[0].clone()]);
    }
}

#[tokio::test]
async fn every_version_that_arrives_after_a_delete_is_deleted() {
    let key = key(ALICE, id(1));
    for tombstone in [Record::Deleting(key.clone()), Record::Deleted(key.clone())] {
        let fixture = Fixture::default();
        fixture.records.store(tombstone.clone());
        let late = fixture.put(&key, PNG.len(), PNG);
        let foreign = fixture.objects.put(&key, Upload::foreign(b"x"));
        fixture.handle(direct(&[created(&key, &late), created(&key, &foreign)])).await.unwrap();
        assert_eq!(fixture.records.stored(), [tombstone]);
        assert!(fixture.objects.is_empty());
    }
}

#[tokio::test]
async fn events_of_other_buckets_other_keys_and_removals_are_ignored() {
    let fixture = Fixture::default();
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), PNG);
    let mut other_bucket = created(&key, &version);
    other_bucket["s3"]["bucket"]["name"] = json!("another-bucket");
    let mut foreign = created(&key, &version);
    foreign["s3"]["object"]["key"] = json!("holiday/photo.png");
    let mut removed = created(&key, &version);
    removed["eventName"] = json!("ObjectRemoved:Delete");
    fixture.handle(direct(&[other_bucket, foreign, removed])).await.unwrap();
    assert!(fixture.records.is_empty());
    assert_eq!(fixture.objects.kept(&key), [version]);
}
