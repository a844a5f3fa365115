//! An abort can be repeated, and removes the multipart upload from S3.

use super::*;

fn assert_aborted(fixture: &Fixture, context: &str) {
    assert_eq!(fixture.objects.pending(), Vec::<String>::new(), "{context}: multipart uploads");
    assert!(fixture.objects.is_empty(), "{context}: objects");
    let session = fixture.session();
    assert!(matches!(session.state, State::Aborted(_)), "{context}: {:?}", session.state);
    assert_eq!(session.due(), None, "{context}: due for the reconciler");
}

#[tokio::test]
async fn an_abort_can_be_repeated() {
    let fixture = Fixture::with_all_parts().await;
    for _ in 0..3 {
        let answer = fixture.send(&abort()).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!("aborted")));
        assert_aborted(&fixture, "aborted");
    }
    assert_eq!(fixture.send(&complete()).await.outcome(), (410, "session-closed"));
    assert_aborted(&fixture, "completed after the abort");
}

#[tokio::test]
async fn a_repeated_abort_finishes_an_interrupted_one() {
    for upload_id_stored in [true, false] {
        for (moment, kind) in FaultInjector::WAYS {
            let mut n = 0;
            loop {
                let fixture = Fixture::with_all_parts().await;
                if !upload_id_stored {
                    // The process was killed after CreateMultipartUpload: the table has no upload id.
                    fixture.records.store_session(Session { state: State::Opening, ..fixture.session() });
                }
                let faults = FaultInjector::at(n, moment, kind);
                let script = ScriptedBucket::new(&fixture.objects, &[]);
                let first = fixture.send_under(&script, &faults, abort().request()).await;
                let context = format!("call {n}, {moment:?} {kind:?}, upload id {upload_id_stored}: {first:?}");
                assert!(first.is_none_or(|first| [200, 503].contains(&first.status)), "{context}");
                assert_eq!(fixture.send(&abort()).await.status, 200, "{context}");
                assert_aborted(&fixture, &context);
                if faults.calls() <= n {
                    break;
                }
                n += 1;
            }
            assert!(n >= 4, "{n} calls");
        }
    }
}

#[tokio::test]
async fn an_abort_decrements_the_count_of_unsized_sessions() {
    let fixture = Fixture::default();
    let owner = testkit::owner(ALICE);
    fixture.open(unsized_plan()).await;
    assert_eq!(fixture.records.counted(&owner), 1);
    assert_eq!(fixture.send(&abort()).await.status, 200);
    assert_eq!(fixture.records.counted(&owner), 0);
}
