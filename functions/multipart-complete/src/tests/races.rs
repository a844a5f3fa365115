//! Concurrent requests for one session.

use super::*;

#[tokio::test(start_paused = true)]
async fn concurrent_completions_get_the_same_answer_from_one_call_to_s3() {
    let fixture = Fixture::with_all_parts().await;
    let script = ScriptedBucket::new(&fixture.objects, &[CompleteFault::Later(Duration::from_secs(5))]);
    let (interleaved, call) = (FaultInjector::interleaved(), complete_listed(&fixture).await);
    let send = || fixture.send_under(&script, &interleaved, call.request());
    let (one, two, three) = tokio::join!(send(), send(), send());
    let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
    assert_eq!(one.status, 200, "{}", one.body);
    assert_eq!((&two, &three), (&one, &one));
    assert_eq!(script.completions(), 1);
    fixture.assert_completed("three concurrent completions");
}

#[tokio::test(start_paused = true)]
async fn a_slow_completion_answers_202_and_queues_one_job() {
    let fixture = Fixture::with_all_parts().await;
    let script = ScriptedBucket::new(&fixture.objects, &[CompleteFault::Later(Duration::from_secs(29))]);
    let call = complete();
    let (one, two) = tokio::join!(fixture.send_scripted(&script, &call), fixture.send_scripted(&script, &call));
    assert_eq!((one.status, two.status), (202, 202));
    assert_eq!(fixture.queue.sent().len(), 1, "only the lease holder queues the completion");
}

#[tokio::test(start_paused = true)]
async fn an_abort_does_not_change_a_completing_or_completed_session() {
    let fixture = Fixture::with_all_parts().await;
    let script = ScriptedBucket::new(&fixture.objects, &[CompleteFault::Later(Duration::from_secs(5))]);
    let aborted = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        fixture.send_scripted(&script, &abort()).await
    };
    let call = complete();
    let (completed, aborted) = tokio::join!(fixture.send_scripted(&script, &call), aborted);
    assert_eq!(completed.status, 200);
    assert_eq!((aborted.status, &aborted.body["status"]), (200, &json!("completing")));
    fixture.assert_completed("abort while completing");
    let after = fixture.send(&abort()).await;
    assert_eq!((after.status, &after.body["status"]), (200, &json!("completed")));
    fixture.assert_completed("abort when completed");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_changed_after_it_was_listed_is_refused() {
    let fixture = Fixture::with_all_parts().await;
    let listed = complete_listed(&fixture).await;
    let bytes = vec![7; usize::try_from(8 * MIB).unwrap()];
    fixture.objects.put_part(&s3_upload_id(&fixture.session()), 2, &bytes).unwrap();
    let refused = fixture.send(&listed).await;
    assert_eq!(refused.outcome(), (409, "parts-changed"));
    assert!(refused.body["evidence"].as_str().unwrap().contains('2'), "{}", refused.body);
    fixture.assert_open("changed");
    assert_eq!(fixture.send(&complete_listed(&fixture).await).await.status, 200);
    fixture.assert_completed("listed again");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_changed_after_the_job_was_queued_is_refused() {
    let fixture = Fixture::with_all_parts().await;
    // The first call never reaches S3, so the job finds other parts than the request listed.
    let script = ScriptedBucket::new(&fixture.objects, &[CompleteFault::Later(Duration::from_hours(1))]);
    let listed = complete_listed(&fixture).await;
    assert_eq!(fixture.send_scripted(&script, &listed).await.status, 202);
    let bytes = vec![7; usize::try_from(4 * MIB).unwrap()];
    fixture.objects.put_part(&s3_upload_id(&fixture.session()), 3, &bytes).unwrap();
    let job = CompletionJob::from_json(&fixture.queue.sent()[0]).unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    let problem = fixture.multipart().run_job(&job, StoreLimits::S3, deadline).await.unwrap_err();
    assert_eq!(Problem::from(problem).code(), Code::PartsChanged);
    fixture.assert_open("changed");
}
