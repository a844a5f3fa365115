//! `GET …/parts`: every part that S3 has, over all of its pages.

use policy::session::{Completing, CompletionRequest, Lease};

use super::*;

#[tokio::test]
async fn all_parts_are_listed_up_to_10_000() {
    for count in [0, 1, 999, 1000, 1001, 10_000] {
        let fixture = Fixture::with(sized_plan(53_687_091_200_000), None).await;
        for number in 1..=count {
            fixture.objects.put_hollow_part(&fixture.upload_id(), number, 5 << 30).unwrap();
        }
        let answer = fixture.send(&list()).await;
        let parts = answer.body["parts"].as_array().unwrap();
        assert_eq!(parts.len(), usize::try_from(count).unwrap());
        for (i, part) in parts.iter().enumerate() {
            assert_eq!((&part["partNumber"], &part["size"]), (&json!(i + 1), &json!(5_u64 << 30)));
            let etag = part["etag"].as_str().unwrap();
            assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
        }
    }
}

#[tokio::test]
async fn an_upload_that_s3_has_lost_is_recreated_in_the_same_session() {
    let fixture = Fixture::with_three_parts().await;
    fixture.objects.put_hollow_part(&fixture.upload_id(), 1, 8 * MIB).unwrap();
    let lost = fixture.upload_id();
    fixture.objects.lose(&lost);
    let answer = fixture.send(&list()).await;
    assert_eq!((answer.status, &answer.body["parts"]), (200, &json!([])));
    assert_ne!(fixture.upload_id(), lost);
    assert_eq!(fixture.objects.pending(), [fixture.upload_id()]);
    let signed = fixture.send(&sign(&json!({ "from": 1, "count": 1 }))).await;
    assert!(signed.body["parts"][0]["url"].as_str().unwrap().contains(&fixture.upload_id()));
}

#[tokio::test]
async fn listing_and_signing_create_the_upload_of_a_session_that_has_none() {
    for call in [list(), sign(&json!({ "from": 1 }))] {
        let fixture = Fixture::with_three_parts().await;
        let first = fixture.upload_id();
        fixture.records.store_session(Session { state: State::Opening, ..fixture.session() });
        assert_eq!(fixture.send(&call).await.status, 200);
        assert_ne!(fixture.upload_id(), first);
    }
}

#[tokio::test]
async fn during_completion_the_requested_parts_are_listed_when_s3_lists_none() {
    let fixture = Fixture::with(unsized_plan(), None).await;
    let upload = fixture.upload_id();
    fixture.objects.lose(&upload);
    for (listed, expected) in [(Some("3:0123456789abcdef"), json!([1, 2, 3])), (None, json!([]))] {
        let lease = Lease { holder: "another".to_owned(), until: now() + SignedDuration::from_mins(1) };
        let request = CompletionRequest { listed: listed.map(str::to_owned), checksum: None };
        let state = State::Completing(Completing { upload: upload.clone(), lease, request });
        fixture.records.store_session(Session { state, ..fixture.session() });
        let answer = fixture.send(&list()).await;
        let numbers = answer.body["parts"].as_array().unwrap().iter().map(|part| part["partNumber"].clone());
        assert_eq!(numbers.collect::<Value>(), expected);
        assert_eq!(fixture.objects.pending(), Vec::<String>::new(), "the upload is not recreated");
    }
}

#[tokio::test]
async fn listing_aborts_an_upload_above_its_limit() {
    let fixture = Fixture::with(unsized_plan(), None).await;
    fixture.objects.put_hollow_part(&fixture.upload_id(), 1, SIZE).unwrap();
    assert_eq!(fixture.send(&list()).await.status, 200);
    fixture.objects.put_hollow_part(&fixture.upload_id(), 2, 1).unwrap();
    let over = fixture.send(&list()).await;
    assert_eq!(over.outcome(), (422, "too-large"));
    assert!(fixture.objects.pending().is_empty());
    assert_eq!(fixture.send(&list()).await.outcome(), (410, "session-closed"));
}

#[tokio::test]
async fn an_outage_is_a_503_and_changes_nothing() {
    let fixture = Fixture::with_three_parts().await;
    let before = fixture.session();
    for call in [list(), sign(&json!({ "from": 1 }))] {
        let answer = fixture.send_at(now, &FaultInjector::outage(), call.request()).await;
        assert_eq!(answer.outcome(), (503, "unavailable"));
        assert_eq!(fixture.session(), before);
    }
}
