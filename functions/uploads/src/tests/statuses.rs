//! Verdicts of many uploads in one request.

use serde_json::Value;

use super::*;

fn statuses(ids: &Value) -> ApiRequest {
    ApiRequest::new("POST", "/uploads/status").by(ALICE).body(json!({ "ids": ids }).to_string())
}

#[tokio::test]
async fn each_id_has_its_status_in_order() {
    let fixture = Fixture::default();
    fixture.validated(&key(ALICE, id(1)), Outcome::Accepted);
    fixture.validated(&key(ALICE, id(2)), Outcome::Rejected);
    fixture.records.store(Record::Deleted(key(ALICE, id(3))));
    fixture.validated(&key(BOB, id(4)), Outcome::Accepted);
    // It has arrived and has no verdict: no HEAD is made.
    fixture.arrived(&key(ALICE, id(5)));
    let ids: Vec<String> = [5, 4, 3, 2, 1, 1, 9].into_iter().map(|n| id(n).to_string()).collect();
    let answer = fixture.send(&statuses(&json!(ids))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let results = answer.body["results"].as_array().unwrap();
    let found: Vec<(&str, &str)> =
        results.iter().map(|one| (one["id"].as_str().unwrap(), one["status"].as_str().unwrap())).collect();
    let expected = ["pending", "pending", "deleted", "rejected", "accepted", "accepted", "pending"];
    assert_eq!(found, ids.iter().map(String::as_str).zip(expected).collect::<Vec<_>>());
    let alone = fixture.send(&get(id(1))).await;
    assert_eq!(results[4]["upload"], alone.body);
    assert_eq!((&results[0]["upload"], &results[2]["upload"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_request_has_one_to_a_thousand_valid_ids() {
    let fixture = Fixture::default();
    for (ids, outcome) in [
        (json!([]), (400, "invalid-body")),
        (json!(["no-id"]), (404, "not-found")),
        (json!([7]), (400, "invalid-body")),
        (json!(vec![id(1).to_string(); 1000]), (200, "")),
        (json!(vec![id(1).to_string(); 1001]), (400, "invalid-body")),
    ] {
        assert_eq!(fixture.send(&statuses(&ids)).await.outcome(), outcome);
    }
    let anonymous = ApiRequest::new("POST", "/uploads/status").body(json!({ "ids": [id(1).to_string()] }).to_string());
    assert_eq!(fixture.send(&anonymous).await.outcome(), (401, "unauthenticated"));
}
