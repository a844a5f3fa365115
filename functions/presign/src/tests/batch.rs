//! Many files in one request.

use super::*;

fn batch(uploads: &[Value]) -> ApiRequest {
    ApiRequest::new("POST", "/uploads/batch").by(ALICE).body(json!({ "uploads": uploads }).to_string())
}

#[tokio::test]
async fn each_file_gets_its_own_answer_in_order() {
    let uploads = [
        png(),
        with(png(), "filename", json!("a.exe")),
        with(png(), "size", json!(6_000_000_000_u64)),
        json!(7),
        with(png(), "method", json!("POST")),
        json!({ "filename": "notes.txt", "size": 5 }),
    ];
    // No key, so no call to the table.
    let answer = send(&deps(PanickingTable), batch(&uploads).request()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let results = answer.body["results"].as_array().unwrap();
    let outcomes: Vec<Value> = results
        .iter()
        .map(|result| if result["grant"].is_null() { result["problem"]["code"].clone() } else { json!("grant") })
        .collect();
    let expected = ["grant", "extension-not-allowed", "use-multipart", "invalid-body", "invalid-body", "grant"];
    assert_eq!(outcomes, expected.map(|outcome| json!(outcome)));
    assert_eq!(answer.body["next"], Value::Null);
    assert_eq!(results[5]["grant"]["contentType"], "text/plain");
    let ids: BTreeSet<&str> = results.iter().filter_map(|result| result["grant"]["id"].as_str()).collect();
    assert_eq!(ids.len(), 2);
    let one = results[0]["grant"].as_object().unwrap();
    let alone = send(&deps(PanickingTable), create(&png()).request()).await;
    assert_eq!(one.keys().collect::<Vec<_>>(), alone.body.as_object().unwrap().keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_repeated_key_gives_the_same_ids_and_another_batch_is_refused() {
    let deps = deps(MemoryRecords::default());
    let ids = |answer: &ApiResponse| {
        let results = answer.body["results"].as_array().unwrap().clone();
        results.iter().map(|result| result["grant"]["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let keyed = |uploads: &[Value]| batch(uploads).header("idempotency-key", "k").request();
    let first = ids(&send(&deps, keyed(&[png(), png(), png()])).await);
    assert_eq!(ids(&send(&deps, keyed(&[png(), png(), png()])).await), first);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 3);
    let other = send(&deps, keyed(&[png()])).await;
    assert_eq!(other.outcome(), (422, "idempotency-key-reused"));
}

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_files_and_fills_a_response() {
    for (count, status) in [(0, 400), (1, 200), (1000, 200), (1001, 400)] {
        let answer = send(&deps(PanickingTable), batch(&vec![png(); count]).request()).await;
        assert_eq!(answer.status, status, "{count}");
    }
    let large = with(png(), "metadata", json!({ "note": "x".repeat(1000) }));
    let answer = send(&deps(PanickingTable), batch(&vec![large; 1000]).request()).await;
    let (results, next) = (answer.body["results"].as_array().unwrap().len(), answer.body["next"].as_u64());
    assert!(results == 1000 && next.is_none() || next == Some(results as u64), "{results} {next:?}");
    let escaped = serde_json::to_string(&answer.body.to_string()).unwrap();
    assert!(escaped.len() < 6_000_000, "{}", escaped.len());
}
