//! The bucket refuses every request that was not granted.

use anyhow::{Context, Result, anyhow};
use local_stack::http::Answer;
use serde_json::json;

use super::Fixture;
use super::report::{KeptBy, Report};
use super::user::{AnswerExt as _, Grant, put};

/// The encoded grant.
const METADATA: &str = "x-amz-meta-sluice";

/// Sends PUTs that differ from their grant, and expects that S3 refuses each.
pub(super) fn check(fixture: &Fixture, report: &mut Report) {
    let picture = fixture.picture;
    report.group("The bucket refuses");
    report.check("a PUT of another length", KeptBy::Aws, || {
        let longer = [picture, b"x"].concat();
        refused(fixture, |grant| grant.put(&picture[1..])).and_then(|_| refused(fixture, |grant| grant.put(&longer)))
    });
    report.check("a PUT of another type", KeptBy::Aws, || {
        refused(fixture, |grant| put(&grant.url, &grant.headers_with("content-type", Some("text/html")), picture))
    });
    report.check("a PUT without if-none-match", KeptBy::Aws, || {
        refused(fixture, |grant| put(&grant.url, &grant.headers_with("if-none-match", None), picture))
    });
    report.check("a PUT with the metadata of another grant, or without it", KeptBy::Aws, || {
        let request = json!({ "filename": "other.png", "contentType": "image/png", "size": picture.len() });
        let other = fixture.owner.grant(&request)?;
        let theirs = other.headers.iter().find(|(name, _)| name == METADATA).map(|(_, value)| value.as_str());
        refused(fixture, |grant| put(&grant.url, &grant.headers_with(METADATA, theirs), picture))
            .and_then(|_| refused(fixture, |grant| put(&grant.url, &grant.headers_with(METADATA, None), picture)))
    });
    report.check("an x-amz-meta header that was not signed", KeptBy::AwsOnly, || {
        refused(fixture, |grant| put(&grant.url, &grant.headers_with("x-amz-meta-mine", Some("1")), picture))
    });
    report.check("a PUT to another key", KeptBy::Aws, || another_key(fixture));
    report.check("a PUT with a changed expiry", KeptBy::Aws, || {
        refused(fixture, |grant| put(&longer_expiry(&grant.url)?, &grant.headers, picture))
    });
    report.check("bytes that do not match the declared checksum", KeptBy::Aws, || another_checksum(fixture));
    report.check("a part copied from another object", KeptBy::Aws, || copied(fixture));
    let plain = "a PUT over http:// instead of https://";
    if fixture.target.emulated {
        report.skip(plain, KeptBy::AwsOnly, "the emulator has no TLS");
    } else {
        report.check(plain, KeptBy::AwsOnly, || {
            refused(fixture, |grant| put(&grant.url.replacen("https://", "http://", 1), &grant.headers, picture))
        });
    }
}

/// Checks that the answer to `send` is 403 and that the upload has no object.
fn refused(fixture: &Fixture, send: impl FnOnce(&Grant) -> Result<Answer>) -> Result<String> {
    let grant = fixture.owner.grant_picture(fixture.picture.len())?;
    let seen = send(&grant)?.expect(403)?;
    fixture
        .owner
        .status(&grant.id)?
        .expect_code(404, "not-received")
        .map_err(|stored| anyhow!("{seen}, but {stored}"))?;
    Ok(seen)
}

fn another_key(fixture: &Fixture) -> Result<String> {
    let mut other_id = String::new();
    let seen = refused(fixture, |grant| {
        other_id = neighbour(&grant.id);
        put(&grant.url.replace(&grant.id, &other_id), &grant.headers, fixture.picture)
    })?;
    fixture.owner.status(&other_id)?.expect_code(404, "not-received")?;
    Ok(seen)
}

/// An id that differs in one character. The key prefix is made of the first and the last characters, so it stays the same.
fn neighbour(id: &str) -> String {
    let letters = id.char_indices();
    letters
        .map(|(at, c)| {
            if at != 24 {
                c
            } else if c == '0' {
                '1'
            } else {
                '0'
            }
        })
        .collect()
}

fn longer_expiry(url: &str) -> Result<String> {
    let (before, after) = url.split_once("X-Amz-Expires=").context("the URL has no X-Amz-Expires")?;
    let end = after.find('&').unwrap_or(after.len());
    Ok(format!("{before}X-Amz-Expires={}0{}", &after[..end], &after[end..]))
}

fn another_checksum(fixture: &Fixture) -> Result<String> {
    let checksum = json!({ "algorithm": "sha256", "value": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" });
    let grant = fixture.owner.grant(&json!({
        "filename": "verify.png", "contentType": "image/png", "size": fixture.picture.len(), "checksum": checksum,
    }))?;
    let seen = grant.put(fixture.picture)?.expect(400)?;
    fixture.owner.status(&grant.id)?.expect_code(404, "not-received")?;
    Ok(seen)
}

/// `x-amz-copy-source` turns the upload of a part into a copy of any object that the signer may read.
fn copied(fixture: &Fixture) -> Result<String> {
    let stored = fixture.owner.upload(fixture.picture)?;
    fixture.owner.verdict(&stored.id)?;
    let record = fixture.owner.status(&stored.id)?.json();
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let source = format!("/{}/{}", text("bucket"), text("key"));
    let (url, id) = fixture.owner.first_part()?;
    let seen = put(&url, &[("x-amz-copy-source".to_owned(), source)], b"")?.expect(403)?;
    let listed = fixture.owner.get(&format!("/uploads/multipart/{id}/parts"))?;
    listed.expect(200)?;
    match listed.json()["parts"].as_array() {
        Some(parts) if parts.is_empty() => Ok(seen),
        _ => Err(anyhow!("{seen}, but a part is there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_differs_in_one_character() {
        let id = "01a20297-88d3-7c41-9f0e-3b5d2a84c6e7";
        assert_eq!(neighbour(id), "01a20297-88d3-7c41-9f0e-0b5d2a84c6e7");
        assert_ne!(neighbour(&neighbour(id)), neighbour(id));
    }

    #[test]
    fn an_expiry_becomes_ten_times_longer() {
        assert_eq!(longer_expiry("https://b/k?X-Amz-Expires=900&X=1").unwrap(), "https://b/k?X-Amz-Expires=9000&X=1");
        assert_eq!(longer_expiry("https://b/k?X-Amz-Expires=900").unwrap(), "https://b/k?X-Amz-Expires=9000");
        assert!(longer_expiry("https://b/k").is_err());
    }
}
