use super::*;

const KEEPS: &str = r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["*/*"]}], "onRejection": "keep"}}}"#;

/// A world in which `bytes` were put and judged.
async fn judged(world: &World, bytes: &[u8]) -> (ObjectKey, String) {
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), bytes);
    world.handle(direct(&[created(&key, &version)])).await.unwrap();
    (key, version)
}

#[tokio::test]
async fn a_duplicate_event_changes_nothing() {
    for (bytes, outcome) in [(PNG, Outcome::Accepted), (&PNG[..40], Outcome::Rejected)] {
        let world = World::default();
        let (key, version) = judged(&world, bytes).await;
        let (record, kept) = (world.records.stored(), world.objects.kept(&key));
        let event = created(&key, &version);
        world.handle(direct(&[event.clone(), event.clone(), event])).await.unwrap();
        assert_eq!((world.records.stored(), world.objects.kept(&key)), (record, kept));
        assert_eq!(world.outcome(id(1)), Some((outcome, version)));
    }
}

#[tokio::test]
async fn a_replay_after_a_rejection_is_rejected_however_good_it_is() {
    for policy in [None, Some(KEEPS)] {
        let world = World { policy, ..World::default() };
        let (key, first) = judged(&world, &PNG[..40]).await;
        let second = world.put(&key, PNG.len(), PNG);
        world.handle(direct(&[created(&key, &second)])).await.unwrap();
        assert_eq!(world.outcome(id(1)), Some((Outcome::Rejected, first.clone())));
        let kept: &[String] = if policy.is_some() { &[first] } else { &[] };
        assert_eq!(world.objects.kept(&key), kept);
    }
}

#[tokio::test]
async fn a_class_may_keep_what_was_rejected() {
    let world = World { policy: Some(KEEPS), ..World::default() };
    let (key, version) = judged(&world, &PNG[..40]).await;
    world.handle(direct(&[created(&key, &version)])).await.unwrap();
    assert_eq!(world.outcome(id(1)), Some((Outcome::Rejected, version.clone())));
    assert_eq!(world.objects.kept(&key), [version]);
}

#[tokio::test]
async fn a_replay_over_an_accepted_upload_goes_and_the_upload_stays() {
    let world = World::default();
    let (key, first) = judged(&world, PNG).await;
    let second = world.put(&key, PNG.len(), PNG);
    world.handle(direct(&[created(&key, &second)])).await.unwrap();
    assert_eq!(world.outcome(id(1)), Some((Outcome::Accepted, first.clone())));
    assert_eq!(world.objects.kept(&key), [first]);
}

#[tokio::test]
async fn what_somebody_else_writes_over_an_accepted_upload_is_left_alone() {
    let world = World::default();
    let (key, first) = judged(&world, PNG).await;
    let foreign = world.objects.put(&key, Upload::foreign(b"x"));
    world.handle(direct(&[created(&key, &foreign)])).await.unwrap();
    assert_eq!(world.outcome(id(1)), Some((Outcome::Accepted, first.clone())));
    assert_eq!(world.objects.kept(&key), [first, foreign]);
}

#[tokio::test]
async fn of_two_versions_the_first_to_be_judged_counts_whichever_it_is() {
    for swapped in [false, true] {
        let world = World::default();
        let key = key(ALICE, id(1));
        let mut versions = [world.put(&key, PNG.len(), PNG), world.put(&key, PNG.len(), PNG)];
        if swapped {
            versions.reverse();
        }
        for version in &versions {
            world.handle(direct(&[created(&key, version)])).await.unwrap();
        }
        assert_eq!(world.outcome(id(1)), Some((Outcome::Accepted, versions[0].clone())));
        assert_eq!(world.objects.kept(&key), [versions[0].clone()]);
    }
}

#[tokio::test]
async fn nothing_stays_that_arrives_after_a_delete() {
    let key = key(ALICE, id(1));
    for tombstone in [Record::Deleting(key.clone()), Record::Deleted(key.clone())] {
        let world = World::default();
        world.records.store(tombstone.clone());
        let late = world.put(&key, PNG.len(), PNG);
        let foreign = world.objects.put(&key, Upload::foreign(b"x"));
        world.handle(direct(&[created(&key, &late), created(&key, &foreign)])).await.unwrap();
        assert_eq!(world.records.stored(), [tombstone]);
        assert!(world.objects.is_empty());
    }
}

#[tokio::test]
async fn another_bucket_and_keys_of_another_layout_are_left_alone() {
    let world = World::default();
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), PNG);
    let mut elsewhere = created(&key, &version);
    elsewhere["s3"]["bucket"]["name"] = json!("somebody-elses");
    let mut foreign = created(&key, &version);
    foreign["s3"]["object"]["key"] = json!("holiday/photo.png");
    let mut removed = created(&key, &version);
    removed["eventName"] = json!("ObjectRemoved:Delete");
    world.handle(direct(&[elsewhere, foreign, removed])).await.unwrap();
    assert!(world.records.is_empty());
    assert_eq!(world.objects.kept(&key), [version]);
}
