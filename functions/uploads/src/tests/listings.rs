//! A listing has the caller's own uploads, newest first.

use super::*;

async fn page(fixture: &Fixture, query: &str) -> ApiResponse {
    fixture.send(&ApiRequest::new("GET", "/uploads").by(ALICE).query(query)).await
}

fn ids(answer: &ApiResponse) -> Vec<String> {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// 250 uploads of Alice's, and 250 of Bob's in between.
fn with_uploads() -> Fixture {
    let fixture = Fixture::default();
    for n in 0..250 {
        fixture.validated(&key(ALICE, id(2 * n)), if n % 3 == 0 { Outcome::Rejected } else { Outcome::Accepted });
        fixture.validated(&key(BOB, id(2 * n + 1)), Outcome::Accepted);
    }
    fixture
}

#[tokio::test]
async fn the_pages_together_have_every_upload_newest_first() {
    let fixture = with_uploads();
    let expected: Vec<String> = (0..250).rev().map(|n| id(2 * n).to_string()).collect();
    for (limit, pages) in [("", 3), ("limit=1", 251), ("limit=99", 3), ("limit=250", 2), ("limit=1000", 1)] {
        let (mut listed, mut count, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let answer = page(&fixture, &format!("{limit}&{cursor}")).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            listed.extend(ids(&answer));
            count += 1;
            match answer.body["nextCursor"].as_str() {
                Some(next) => cursor = format!("cursor={next}"),
                None => break,
            }
        }
        assert_eq!((&listed, count), (&expected, pages), "{limit}");
    }
}

#[tokio::test]
async fn a_delete_between_two_pages_shifts_no_upload() {
    let fixture = with_uploads();
    let first = page(&fixture, "limit=100").await;
    let next = first.body["nextCursor"].as_str().unwrap();
    for n in [150, 149] {
        fixture.send(&delete(id(2 * n))).await;
    }
    let second = page(&fixture, &format!("limit=100&cursor={next}")).await;
    assert_eq!(ids(&second)[0], id(2 * 148).to_string());
    assert_eq!(ids(&second).len(), 100);
}

#[tokio::test]
async fn invalid_cursors_and_limits_are_refused() {
    let fixture = with_uploads();
    let valid = page(&fixture, "limit=1").await.body["nextCursor"].as_str().unwrap().to_owned();
    for cursor in ["", "abc", "%00", "MQ", &valid[..valid.len() - 2], &format!("{valid}AA"), &valid.to_lowercase()] {
        let answer = page(&fixture, &format!("cursor={cursor}")).await;
        assert_eq!(answer.outcome(), (400, "invalid-cursor"), "{cursor:?}");
    }
    for limit in ["0", "1001", "-1", "1.5", "x", "", "99999999999"] {
        let answer = page(&fixture, &format!("limit={limit}")).await;
        assert_eq!(answer.outcome(), (400, "invalid-parameter"), "{limit:?}");
    }
}
