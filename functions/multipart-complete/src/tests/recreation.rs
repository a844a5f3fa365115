//! A multipart upload that S3 lost is recreated; one that S3 completed is found as an object.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_lost_upload_is_recreated_and_answers_upload_restarted() {
    for listed in [false, true] {
        let fixture = Fixture::with_all_parts().await;
        let call = if listed { complete_listed(&fixture).await } else { complete() };
        let lost = s3_upload_id(&fixture.session());
        fixture.objects.lose(&lost);
        assert_eq!(fixture.send(&call).await.outcome(), (409, "upload-restarted"), "listed: {listed}");
        fixture.assert_open("recreated");
        let session = fixture.session();
        assert_eq!(session.generation, 2);
        assert_ne!(s3_upload_id(&session), lost);
        assert_eq!(fixture.send(&complete()).await.outcome(), (409, "parts-missing"));
        fixture.put_all_parts(&session);
        assert_eq!(fixture.send(&complete()).await.status, 200);
        fixture.assert_completed("parts sent again");
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_requests_recreate_a_lost_upload_once() {
    let fixture = Fixture::with_all_parts().await;
    let key = fixture.session().key;
    fixture.objects.lose(&s3_upload_id(&fixture.session()));
    // Both read the session before either writes it.
    let interleaved = FaultInjector::interleaved();
    let (records, objects) = (interleaved.of(&fixture.records), interleaved.of(&fixture.objects));
    let multipart = Multipart { records: &records, objects: &objects, now: ticking };
    let (one, two) = tokio::join!(multipart.list(&key), multipart.list(&key));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.parts.len(), two.parts.len()), (0, 0));
    assert_eq!(s3_upload_id(&one.session), s3_upload_id(&two.session));
    // Five calls each: session, parts, HEAD, create, change. The second one also aborts its own upload.
    assert!(interleaved.calls() >= 11, "{} calls", interleaved.calls());
    fixture.assert_open("recreated");
    assert_eq!(fixture.session().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn the_next_request_finishes_an_interrupted_recreation() {
    for (moment, kind) in FaultInjector::WAYS {
        let mut n = 0;
        loop {
            let fixture = Fixture::with_all_parts().await;
            let key = fixture.session().key;
            fixture.objects.lose(&s3_upload_id(&fixture.session()));
            let faults = FaultInjector::at(n, moment, kind);
            {
                let (records, objects) = (faults.of(&fixture.records), faults.of(&fixture.objects));
                let multipart = Multipart { records: &records, objects: &objects, now: ticking };
                drop(faults.run(multipart.list(&key)).await);
            }
            assert_eq!(fixture.multipart().list(&key).await.unwrap().parts, []);
            fixture.put_all_parts(&fixture.session());
            assert_eq!(fixture.send(&complete()).await.status, 200);
            assert!(matches!(fixture.session().state, State::Completed(_)));
            assert_eq!(fixture.objects.kept(&key).len(), 1);
            // The killed process may leave one multipart upload without a URL; the reconciler aborts it.
            assert!(fixture.objects.pending().len() <= 1, "call {n}, {moment:?} {kind:?}");
            if faults.calls() <= n {
                assert_eq!(fixture.objects.pending(), Vec::<String>::new());
                break;
            }
            n += 1;
        }
        assert!(n >= 4, "{n} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_s3_completed_is_not_recreated() {
    let fixture = Fixture::with_all_parts().await;
    let script = ScriptedBucket::new(&fixture.objects, &[CompleteFault::Later(Duration::from_secs(25))]);
    assert_eq!(fixture.send_scripted(&script, &complete()).await.status, 202);
    tokio::time::sleep(Duration::from_mins(1)).await;
    let multipart = Multipart { records: &fixture.records, objects: &script, now: ticking };
    let listing = multipart.list(&fixture.session().key).await.unwrap();
    assert_eq!(listing.parts.len(), 3);
    fixture.assert_completed("found by listing");
}
