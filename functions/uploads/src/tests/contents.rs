//! Only the accepted version is served.

use super::*;

#[tokio::test]
async fn only_an_accepted_upload_is_served() {
    let fixture = Fixture::default();
    let key = key(ALICE, id(1));
    assert_eq!(fixture.send(&content(id(1))).await.outcome(), (404, "not-received"));
    fixture.arrived(&key);
    assert_eq!(fixture.send(&content(id(1))).await.outcome(), (409, "still-validating"));
    fixture.validated(&key, Outcome::Rejected);
    assert_eq!(fixture.send(&content(id(1))).await.outcome(), (409, "not-accepted"));
    fixture.validated(&key, Outcome::Accepted);
    assert_eq!(fixture.send(&content(id(1))).await.outcome(), (200, ""));
    for tombstone in [Record::Deleting(key.clone()), Record::Deleted(key)] {
        fixture.records.store(tombstone);
        assert_eq!(fixture.send(&content(id(1))).await.outcome(), (404, "deleted"));
        assert_eq!(fixture.send(&get(id(1))).await.outcome(), (404, "deleted"));
    }
}

#[tokio::test]
async fn the_url_is_a_download_of_the_accepted_version() {
    let fixture = Fixture::default();
    let key = key(ALICE, id(1));
    let validated = fixture.validated(&key, Outcome::Accepted);
    // A later version is not served.
    fixture.arrived(&key);
    let answer = fixture.send(&content(id(1))).await;
    assert_eq!(answer.body["expiresAt"], "2026-11-03T12:05:00Z");
    let url = answer.body["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("https://sluice-example.s3.eu-central-1.amazonaws.com/{key}?")), "{url}");
    for part in [
        format!("&versionId={}&", validated.version).as_str(),
        "&X-Amz-Expires=300&",
        "&X-Amz-SignedHeaders=host&",
        "&response-content-type=image%2Fpng&",
        "&response-cache-control=private%2C%20no-store&",
        "&response-content-disposition=attachment%3B%20filename%2A%3DUTF-8%27%27%25C3%259Cn%25C3%25AFc%25C3%25B6d%25C3%25A9%2520_x_.png&",
    ] {
        assert!(format!("{}&", url.replace('?', "&")).contains(part), "{part} in {url}");
    }
}

#[tokio::test]
async fn a_redirect_has_the_same_url() {
    let fixture = Fixture::default();
    fixture.validated(&key(ALICE, id(1)), Outcome::Accepted);
    let json = fixture.send(&content(id(1))).await;
    let redirect = fixture.send(&content(id(1)).query("redirect=1")).await;
    assert_eq!((json.status, redirect.status), (200, 307));
    assert_eq!((json.location, redirect.location.as_deref()), (None, json.body["url"].as_str()));
}

#[tokio::test]
async fn inline_needs_an_allowed_type_and_no_findings() {
    let fixture = Fixture::default();
    let good = fixture.validated(&key(ALICE, id(1)), Outcome::Accepted);
    let with_findings =
        ValidatedUpload { findings: validated(&good.key, "v", Outcome::Accepted).findings, ..good.clone() };
    let html = ValidatedUpload { content_type: "text/html".to_owned(), ..good.clone() };
    let without_grant = ValidatedUpload { granted: None, ..good.clone() };
    let mut other_class = good.clone();
    other_class.granted.as_mut().unwrap().class = "strict".to_owned();
    let mut unknown_class = good.clone();
    unknown_class.granted.as_mut().unwrap().class = "unknown".to_owned();
    let refused = (422, "inline-not-allowed");
    for (validated, inline) in [
        (good, (200, "")),
        (with_findings, refused),
        (html, refused),
        (without_grant, refused),
        (other_class, refused),
        (unknown_class, refused),
    ] {
        fixture.records.store(Record::Validated(Box::new(validated)));
        let answer = fixture.send(&content(id(1)).query("disposition=inline")).await;
        assert_eq!(answer.outcome(), inline);
        if answer.status == 200 {
            assert!(answer.body["url"].as_str().unwrap().contains("response-content-disposition=inline%3B"));
        }
        for download in ["", "disposition=attachment"] {
            assert_eq!(fixture.send(&content(id(1)).query(download)).await.status, 200);
        }
    }
    let invalid = fixture.send(&content(id(1)).query("disposition=outline")).await;
    assert_eq!(invalid.outcome(), (400, "invalid-parameter"));
}
