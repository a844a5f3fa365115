use super::*;

async fn page(world: &World, query: &str) -> Answer {
    world.ask(&Call::new("GET", "/uploads").by(ALICE).query(query)).await
}

fn ids(answer: &Answer) -> Vec<String> {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// 250 of Alice's, and as many of Bob's between them.
fn filled() -> World {
    let world = World::default();
    for n in 0..250 {
        world.judged(&key(ALICE, id(2 * n)), if n % 3 == 0 { Outcome::Rejected } else { Outcome::Accepted });
        world.judged(&key(BOB, id(2 * n + 1)), Outcome::Accepted);
    }
    world
}

#[tokio::test]
async fn pages_join_into_everything_newest_first() {
    let world = filled();
    let expected: Vec<String> = (0..250).rev().map(|n| id(2 * n).to_string()).collect();
    for (limit, pages) in [("", 3), ("limit=1", 251), ("limit=99", 3), ("limit=250", 2), ("limit=1000", 1)] {
        let (mut seen, mut count, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let answer = page(&world, &format!("{limit}&{cursor}")).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            seen.extend(ids(&answer));
            count += 1;
            match answer.body["nextCursor"].as_str() {
                Some(next) => cursor = format!("cursor={next}"),
                None => break,
            }
        }
        assert_eq!((&seen, count), (&expected, pages), "{limit}");
    }
}

#[tokio::test]
async fn what_is_deleted_between_two_pages_breaks_neither() {
    let world = filled();
    let first = page(&world, "limit=100").await;
    let next = first.body["nextCursor"].as_str().unwrap();
    for n in [150, 149] {
        world.ask(&delete(id(2 * n))).await;
    }
    let second = page(&world, &format!("limit=100&cursor={next}")).await;
    assert_eq!(ids(&second)[0], id(2 * 148).to_string());
    assert_eq!(ids(&second).len(), 100);
}

#[tokio::test]
async fn a_cursor_and_a_limit_are_what_they_are() {
    let world = filled();
    let valid = page(&world, "limit=1").await.body["nextCursor"].as_str().unwrap().to_owned();
    for cursor in ["", "abc", "%00", "MQ", &valid[..valid.len() - 2], &format!("{valid}AA"), &valid.to_lowercase()] {
        let answer = page(&world, &format!("cursor={cursor}")).await;
        assert_eq!(answer.outcome(), (400, "invalid-cursor"), "{cursor:?}");
    }
    for limit in ["0", "1001", "-1", "1.5", "x", "", "99999999999"] {
        let answer = page(&world, &format!("limit={limit}")).await;
        assert_eq!(answer.outcome(), (400, "invalid-parameter"), "{limit:?}");
    }
}
