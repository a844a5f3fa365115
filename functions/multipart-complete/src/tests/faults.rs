//! Every response and time-out of `CompleteMultipartUpload`.

use super::*;

/// What S3 does, and the response of the first completion.
struct S3Fault {
    name: &'static str,
    faults: &'static [CompleteFault],
    answer: (u16, &'static str),
}

const HALF_A_MINUTE: Duration = Duration::from_secs(30);
const SIX_MINUTES: Duration = Duration::from_mins(6);

/// Faults after which the upload completes.
const RECOVERED: [S3Fault; 13] = [
    S3Fault { name: "no fault", faults: &[], answer: (200, "") },
    S3Fault {
        name: "an error with status 200",
        faults: &[CompleteFault::Only(ScriptedError::Unclear)],
        answer: (200, ""),
    },
    S3Fault {
        name: "an error with status 200, three times",
        faults: &[CompleteFault::Only(ScriptedError::Unclear); 3],
        answer: (200, ""),
    },
    S3Fault { name: "a lost response", faults: &[CompleteFault::After(ScriptedError::Unclear)], answer: (200, "") },
    S3Fault {
        name: "NoSuchUpload, but the object exists",
        faults: &[CompleteFault::After(ScriptedError::NoSuchUpload)],
        answer: (200, ""),
    },
    S3Fault {
        name: "412, but the object is the session's own",
        faults: &[CompleteFault::After(ScriptedError::Exists)],
        answer: (200, ""),
    },
    S3Fault {
        name: "409, but the object exists",
        faults: &[CompleteFault::After(ScriptedError::Conflict)],
        answer: (200, ""),
    },
    S3Fault { name: "409", faults: &[CompleteFault::Only(ScriptedError::Conflict)], answer: (200, "") },
    S3Fault {
        name: "InvalidPart, but every part is right",
        faults: &[CompleteFault::Only(ScriptedError::InvalidPart)],
        answer: (200, ""),
    },
    S3Fault {
        name: "EntityTooSmall, but every part is large enough",
        faults: &[CompleteFault::Only(ScriptedError::PartTooSmall)],
        answer: (200, ""),
    },
    S3Fault { name: "BadDigest once", faults: &[CompleteFault::Only(ScriptedError::Refused)], answer: (200, "") },
    S3Fault { name: "more than 30 seconds", faults: &[CompleteFault::Later(HALF_A_MINUTE)], answer: (202, "") },
    S3Fault { name: "more than 5 minutes", faults: &[CompleteFault::Later(SIX_MINUTES)], answer: (202, "") },
];

#[tokio::test(start_paused = true)]
async fn every_fault_of_s3_ends_with_one_object_and_the_same_answer() {
    for fault in RECOVERED {
        for listed in [false, true] {
            let name = fault.name;
            let fixture = Fixture::with_all_parts().await;
            let call = if listed { complete_listed(&fixture).await } else { complete() };
            let script = ScriptedBucket::new(&fixture.objects, fault.faults);
            let first = fixture.send_scripted(&script, &call).await;
            assert_eq!(first.outcome(), fault.answer, "{name}: {}", first.body);
            assert!(script.is_over(), "{name}");
            if first.status == 202 {
                assert_eq!(first.body["status"], "completing");
                run_queued_job(&fixture, &script).await;
            }
            fixture.assert_completed(name);
            let again = fixture.send_scripted(&script, &call).await;
            assert_eq!((again.status, &again.body["status"]), (200, &json!("validating")), "{name}");
            if first.status == 200 {
                assert_eq!(again.body, first.body, "{name}");
            }
        }
    }
}

/// Runs the queued completion twice, as the reconciler does when SQS delivers a message twice.
async fn run_queued_job(fixture: &Fixture, script: &ScriptedBucket<'_, MemoryObjects>) {
    let sent = fixture.queue.sent();
    let [message] = sent.as_slice() else { panic!("one message: {sent:?}") };
    let job = CompletionJob::from_json(message).unwrap();
    let multipart = Multipart { records: &fixture.records, objects: script, now: ticking };
    let deadline = Instant::now() + Duration::from_mins(14);
    let completion = multipart.run_job(&job, StoreLimits::S3, deadline).await.unwrap();
    assert!(matches!(completion, Completion::Done(_)), "{completion:?}");
    let again = multipart.run_job(&job, StoreLimits::S3, deadline).await.unwrap();
    assert_eq!(again, completion);
}

#[tokio::test(start_paused = true)]
async fn a_queued_job_renews_its_lease_until_s3_answers() {
    let fixture = Fixture::with_all_parts().await;
    let script =
        ScriptedBucket::new(&fixture.objects, &[CompleteFault::Later(SIX_MINUTES), CompleteFault::Later(SIX_MINUTES)]);
    assert_eq!(fixture.send_scripted(&script, &complete()).await.status, 202);
    let send_meanwhile = async {
        tokio::time::sleep(Duration::from_mins(3)).await;
        fixture.send_scripted(&script, &complete()).await
    };
    let ((), busy) = tokio::join!(run_queued_job(&fixture, &script), send_meanwhile);
    // The request and the job have called S3, the second request has not.
    assert_eq!((busy.status, script.completions()), (202, 2), "{}", busy.body);
    fixture.assert_completed("six minutes");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_completes_an_upload_whose_job_was_lost() {
    let fixture = Fixture::with_all_parts().await;
    let script = ScriptedBucket::new(&fixture.objects, &[CompleteFault::Later(HALF_A_MINUTE)]);
    let call = complete_listed(&fixture).await;
    assert_eq!(fixture.send_scripted(&script, &call).await.status, 202);
    let mut statuses = Vec::new();
    while statuses.last() != Some(&200) && statuses.len() < 10 {
        statuses.push(fixture.send_scripted(&script, &call).await.status);
    }
    assert_eq!(statuses.last(), Some(&200), "{statuses:?}");
    fixture.assert_completed("lost job");
}

#[tokio::test(start_paused = true)]
async fn a_final_refusal_of_s3_leaves_the_session_open() {
    let wrong_checksum = [CompleteFault::Only(ScriptedError::Refused); 2];
    let conflicts = [CompleteFault::Only(ScriptedError::Conflict); 4];
    for (name, faults) in [("a wrong checksum", &wrong_checksum[..]), ("409 four times", &conflicts[..])] {
        let fixture = Fixture::with_all_parts().await;
        let script = ScriptedBucket::new(&fixture.objects, faults);
        let refused = fixture.send_scripted(&script, &complete()).await;
        assert_eq!(refused.outcome(), (422, "object-mismatch"), "{name}");
        assert!(script.is_over());
        fixture.assert_open(name);
        assert_eq!(fixture.send(&complete()).await.status, 200);
        fixture.assert_completed(name);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_answers_503_and_leaves_the_session_open() {
    let fixture = Fixture::with_all_parts().await;
    let script = ScriptedBucket::new(&fixture.objects, &[CompleteFault::Only(ScriptedError::Unclear); 4]);
    let answer = fixture.send_scripted(&script, &complete()).await;
    assert_eq!(answer.outcome(), (503, "unavailable"));
    fixture.assert_open("S3 fails four times");
    let down = fixture.send_under(&script, &FaultInjector::outage(), complete().request()).await.unwrap();
    assert_eq!(down.outcome(), (503, "unavailable"));
    assert_eq!(fixture.send(&complete()).await.status, 200);
    fixture.assert_completed("after the outage");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_object_at_the_key_is_kept() {
    let fixture = Fixture::with_all_parts().await;
    let key = fixture.session().key;
    let foreign = fixture.objects.put(&key, Upload::foreign(b"x"));
    assert_eq!(fixture.send(&complete()).await.outcome(), (409, "key-taken"));
    assert_eq!(fixture.objects.kept(&key), [foreign]);
    assert!(matches!(fixture.session().state, State::Open { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_completion_finishes_an_interrupted_one() {
    for (listed, sized) in [(false, true), (true, true), (false, false)] {
        for (moment, kind) in FaultInjector::WAYS {
            let mut n = 0;
            loop {
                let fixture = Fixture::default();
                let session = fixture.open(if sized { sized_plan(SIZE) } else { unsized_plan() }).await;
                fixture.put_all_parts(&session);
                let call = if listed { complete_listed(&fixture).await } else { complete() };
                let faults = FaultInjector::at(n, moment, kind);
                let script = ScriptedBucket::new(&fixture.objects, &[]);
                let first = fixture.send_under(&script, &faults, call.request()).await;
                let context = format!("call {n}, {moment:?} {kind:?}, listed {listed}, sized {sized}: {first:?}");
                if let Some(first) = &first {
                    assert!([200, 503].contains(&first.status), "{context}");
                }
                // 202 until the lease of the killed process expires.
                let mut last = 0;
                for _ in 0..10 {
                    last = fixture.send(&call).await.status;
                    if last == 200 {
                        break;
                    }
                    assert_eq!(last, 202, "{context}");
                }
                assert_eq!(last, 200, "{context}");
                fixture.assert_completed(&context);
                assert_eq!(fixture.records.counted(session.key.owner()), 0, "{context}");
                if faults.calls() <= n {
                    break;
                }
                n += 1;
            }
            assert!(n >= 3, "{n} calls");
        }
    }
}

/// Without a part list there is one call more: `ListParts`.
#[tokio::test(start_paused = true)]
async fn a_completion_makes_three_or_four_calls() {
    for (listed, calls) in [(true, 3), (false, 4)] {
        let fixture = Fixture::with_all_parts().await;
        let call = if listed { complete_listed(&fixture).await } else { complete() };
        let (counter, script) = (FaultInjector::none(), ScriptedBucket::new(&fixture.objects, &[]));
        fixture.send_under(&script, &counter, call.request()).await.unwrap();
        assert_eq!(counter.calls(), calls, "listed: {listed}");
    }
}
