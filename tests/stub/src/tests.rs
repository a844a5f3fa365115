//! Each scenario as an HTTP client sees it.

use ureq::Agent;

use super::*;

const LARGEST: u64 = 10_000 * (5 << 30);

fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).build().new_agent()
}

/// A stub with one upload of two parts, and the address of its completion.
fn begun() -> (Stub, String) {
    let stub = Stub::start().unwrap();
    let url = format!("{}/bucket/a%20key", stub.endpoint());
    agent().post(format!("{url}?uploads")).send_empty().unwrap();
    let upload = stub.under_way().remove(0);
    stub.fill(&upload, 2, 5 << 20, 1);
    (stub, format!("{url}?uploadId={upload}"))
}

/// Status and body of a completion; `None` when the connection ended before the answer did.
fn complete(url: &str) -> Option<(u16, String)> {
    let part = |n: u32| format!("<Part><PartNumber>{n}</PartNumber><ETag>\"{n:032x}\"</ETag></Part>");
    let mut answer = agent().post(url).send(format!("{}{}", part(1), part(2))).ok()?;
    Some((answer.status().as_u16(), answer.body_mut().read_to_string().ok()?))
}

#[test]
fn each_scenario_answers_and_stores_as_it_says() {
    let slow_down = Some((503, "SlowDown"));
    let ok = |text| Some((200, text));
    let cases = [
        (CompleteFault::Plain, ok("CompleteMultipartUploadResult"), true),
        (CompleteFault::Refuse(503, "SlowDown"), slow_down, false),
        (CompleteFault::RefuseAfter(503, "SlowDown"), slow_down, true),
        (CompleteFault::ErrorIn200("InternalError"), ok("InternalError"), false),
        (CompleteFault::ErrorIn200After("InternalError"), ok("InternalError"), true),
        (CompleteFault::HangUp, None, false),
        (CompleteFault::HangUpAfter, None, true),
        (CompleteFault::HangUpAmidst, None, true),
    ];
    for (scenario, expected, stored) in cases {
        let (stub, url) = begun();
        stub.play(&[scenario]);
        let answer = complete(&url);
        assert_eq!(answer.as_ref().map(|(status, _)| *status), expected.map(|(status, _)| status), "{scenario:?}");
        if let (Some((_, body)), Some((_, text))) = (answer, expected) {
            assert!(body.contains(text) && body.matches("<?xml").count() == 1, "{scenario:?}: {body}");
        }
        assert_eq!(stub.object("a key").map(|object| object.size), stored.then_some((5 << 20) + 1), "{scenario:?}");
        assert_eq!(stub.requests(), ["POST uploads", "POST uploadId"]);
    }
}

#[test]
fn a_slow_completion_ends_after_its_release() {
    let (stub, url) = begun();
    stub.play(&[CompleteFault::Slow]);
    let client = thread::spawn(move || complete(&url));
    thread::sleep(Duration::from_millis(200));
    assert!(stub.object("a key").is_none() && !client.is_finished());
    stub.release();
    let (status, body) = client.join().unwrap().unwrap();
    assert!(status == 200 && body.contains(" \n \n<CompleteMultipartUploadResult>"), "{body}");
}

#[test]
fn a_cut_connection_still_sends_the_status() {
    let (stub, url) = begun();
    stub.play(&[CompleteFault::HangUpAmidst]);
    let mut answer = agent().post(url).send("<Part></Part>").unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.body_mut().read_to_string().is_err());
}

#[test]
fn the_largest_object_has_its_size_and_its_ranges() {
    let stub = Stub::start().unwrap();
    stub.hold("key", LARGEST, vec![("content-type".to_owned(), "text/csv".to_owned())]);
    let url = format!("{}/bucket/key", stub.endpoint());
    let head = agent().head(&url).call().unwrap();
    assert_eq!(head.headers()["content-length"], LARGEST.to_string().as_str());
    assert_eq!(head.headers()["content-type"], "text/csv");
    let mut range = agent().get(&url).header("range", "bytes=16-30").call().unwrap();
    assert_eq!(
        (range.status().as_u16(), range.body_mut().read_to_string().unwrap().as_str()),
        (206, "one,two,three,4")
    );
    assert_eq!(agent().head(format!("{url}2")).call().unwrap().status(), 404);
}

#[test]
fn the_table_answers_at_the_same_address() {
    let stub = Stub::start().unwrap();
    let call = |operation: &str, body: &str| {
        let target = format!("DynamoDB_20120810.{operation}");
        let mut answer = agent().post(stub.endpoint()).header("x-amz-target", target).send(body).unwrap();
        answer.body_mut().read_to_string().unwrap()
    };
    call("PutItem", r#"{"Item":{"pk":{"S":"a"},"n":{"N":"1"}}}"#);
    assert_eq!(call("GetItem", r#"{"Key":{"pk":{"S":"a"}}}"#), r#"{"Item":{"n":{"N":"1"},"pk":{"S":"a"}}}"#);
    assert_eq!(stub.requests(), ["PutItem", "GetItem"]);
}
