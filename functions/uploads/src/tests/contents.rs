use super::*;

#[tokio::test]
async fn only_what_was_accepted_is_served() {
    let world = World::default();
    let key = key(ALICE, id(1));
    assert_eq!(world.ask(&content(id(1))).await.outcome(), (404, "not-received"));
    world.arrived(&key);
    assert_eq!(world.ask(&content(id(1))).await.outcome(), (409, "still-validating"));
    world.judged(&key, Outcome::Rejected);
    assert_eq!(world.ask(&content(id(1))).await.outcome(), (409, "not-accepted"));
    world.judged(&key, Outcome::Accepted);
    assert_eq!(world.ask(&content(id(1))).await.outcome(), (200, ""));
    for tombstone in [Record::Deleting(key.clone()), Record::Deleted(key)] {
        world.records.store(tombstone);
        assert_eq!(world.ask(&content(id(1))).await.outcome(), (404, "deleted"));
        assert_eq!(world.ask(&get(id(1))).await.outcome(), (404, "deleted"));
    }
}

#[tokio::test]
async fn the_url_is_pinned_to_the_judged_version_as_a_download() {
    let world = World::default();
    let key = key(ALICE, id(1));
    let judged = world.judged(&key, Outcome::Accepted);
    // Whatever is written over it later.
    world.arrived(&key);
    let answer = world.ask(&content(id(1))).await;
    assert_eq!(answer.body["expiresAt"], "2026-11-03T12:05:00Z");
    let url = answer.body["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("https://sluice-example.s3.eu-central-1.amazonaws.com/{key}?")), "{url}");
    for part in [
        format!("&versionId={}&", judged.version).as_str(),
        "&X-Amz-Expires=300&",
        "&X-Amz-SignedHeaders=host&",
        "&response-content-type=image%2Fpng&",
        "&response-cache-control=private%2C%20no-store&",
        "&response-content-disposition=attachment%3B%20filename%2A%3DUTF-8%27%27%25C3%259Cn%25C3%25AFc%25C3%25B6d%25C3%25A9%2520%2522x%2522.png&",
    ] {
        assert!(format!("{}&", url.replace('?', "&")).contains(part), "{part} in {url}");
    }
}

#[tokio::test]
async fn a_redirect_goes_to_the_same_url() {
    let world = World::default();
    world.judged(&key(ALICE, id(1)), Outcome::Accepted);
    let plain = world.ask(&content(id(1))).await;
    let redirect = world.ask(&content(id(1)).query("redirect=1")).await;
    assert_eq!((plain.status, redirect.status), (200, 307));
    assert_eq!((plain.location, redirect.location.as_deref()), (None, plain.body["url"].as_str()));
}

#[tokio::test]
async fn only_safe_types_without_remarks_are_shown_in_a_browser() {
    let world = World::default();
    let good = world.judged(&key(ALICE, id(1)), Outcome::Accepted);
    let flagged = Judged { findings: judged(&good.key, "v", Outcome::Accepted).findings, ..good.clone() };
    let html = Judged { content_type: "text/html".to_owned(), ..good.clone() };
    let unclassed = Judged { granted: None, ..good.clone() };
    let mut other_class = good.clone();
    other_class.granted.as_mut().unwrap().class = "strict".to_owned();
    let mut no_class = good.clone();
    no_class.granted.as_mut().unwrap().class = "gone".to_owned();
    let refused = (422, "inline-not-allowed");
    for (judged, inline) in [
        (good, (200, "")),
        (flagged, refused),
        (html, refused),
        (unclassed, refused),
        (other_class, refused),
        (no_class, refused),
    ] {
        world.records.store(Record::Judged(Box::new(judged)));
        let answer = world.ask(&content(id(1)).query("disposition=inline")).await;
        assert_eq!(answer.outcome(), inline);
        if answer.status == 200 {
            assert!(answer.body["url"].as_str().unwrap().contains("response-content-disposition=inline%3B"));
        }
        for download in ["", "disposition=attachment"] {
            assert_eq!(world.ask(&content(id(1)).query(download)).await.status, 200);
        }
    }
    let odd = world.ask(&content(id(1)).query("disposition=outline")).await;
    assert_eq!(odd.outcome(), (400, "invalid-parameter"));
}
