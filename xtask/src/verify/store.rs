//! What the bucket refuses: everything that was not granted.

use serde_json::json;

use super::Bench;
use super::report::{Counts, Report};
use super::user::{Grant, put};
use crate::Outcome;
use crate::http::Answer;

/// Our own note to the validator.
const METADATA: &str = "x-amz-meta-sluice";

/// Every way in which a PUT may differ from its grant.
pub(super) fn check(bench: &Bench, report: &mut Report) {
    let picture = bench.picture.as_slice();
    report.head("What the bucket refuses");
    report.check("a PUT of another length", Counts::OnAws, || {
        let longer = [picture, b"x"].concat();
        refused(bench, |grant| grant.put(&picture[1..])).and_then(|_| refused(bench, |grant| grant.put(&longer)))
    });
    report.check("a PUT of another type", Counts::OnAws, || {
        refused(bench, |grant| put(&grant.url, &grant.headers_with("content-type", Some("text/html")), picture))
    });
    report.check("a PUT without if-none-match", Counts::OnAws, || {
        refused(bench, |grant| put(&grant.url, &grant.headers_with("if-none-match", None), picture))
    });
    report.check("a PUT with another grant's metadata, or none", Counts::OnAws, || {
        let asked = json!({ "filename": "other.png", "contentType": "image/png", "size": picture.len() });
        let other = bench.owner.grant(&asked)?;
        let theirs = other.headers.iter().find(|(name, _)| name == METADATA).map(|(_, value)| value.as_str());
        refused(bench, |grant| put(&grant.url, &grant.headers_with(METADATA, theirs), picture))
            .and_then(|_| refused(bench, |grant| put(&grant.url, &grant.headers_with(METADATA, None), picture)))
    });
    report.check("an x-amz-meta header that was not signed", Counts::OnAwsAlone, || {
        refused(bench, |grant| put(&grant.url, &grant.headers_with("x-amz-meta-mine", Some("1")), picture))
    });
    report.check("a PUT to another key", Counts::OnAws, || another_key(bench));
    report.check("a PUT with a stretched expiry", Counts::OnAws, || {
        refused(bench, |grant| put(&stretched(&grant.url)?, &grant.headers, picture))
    });
    report.check("bytes of another checksum than declared", Counts::OnAws, || another_checksum(bench));
    report.check("a part that is copied from another object", Counts::OnAws, || copied(bench));
    let plain = "a PUT over http:// instead of https://";
    if bench.target.emulated {
        report.skip(plain, Counts::OnAwsAlone, "the emulator has no TLS");
    } else {
        report.check(plain, Counts::OnAwsAlone, || {
            refused(bench, |grant| put(&grant.url.replacen("https://", "http://", 1), &grant.headers, picture))
        });
    }
}

/// 403, and nothing is stored.
fn refused(bench: &Bench, send: impl FnOnce(&Grant) -> Outcome<Answer>) -> Outcome<String> {
    let grant = bench.owner.grant_picture(bench.picture.len())?;
    let seen = send(&grant)?.expect(403)?;
    bench
        .owner
        .status(&grant.id)?
        .expect_code(404, "not-received")
        .map_err(|stored| format!("{seen}, but {stored}"))?;
    Ok(seen)
}

fn another_key(bench: &Bench) -> Outcome<String> {
    let mut elsewhere = String::new();
    let seen = refused(bench, |grant| {
        elsewhere = neighbour(&grant.id);
        put(&grant.url.replace(&grant.id, &elsewhere), &grant.headers, &bench.picture)
    })?;
    bench.owner.status(&elsewhere)?.expect_code(404, "not-received")?;
    Ok(seen)
}

/// Another id whose key differs in nothing else: its first and last letters, which key prefixes are made of, stay.
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

fn stretched(url: &str) -> Outcome<String> {
    let (before, after) = url.split_once("X-Amz-Expires=").ok_or("the URL has no X-Amz-Expires")?;
    let end = after.find('&').unwrap_or(after.len());
    Ok(format!("{before}X-Amz-Expires={}0{}", &after[..end], &after[end..]))
}

fn another_checksum(bench: &Bench) -> Outcome<String> {
    let checksum = json!({ "algorithm": "sha256", "value": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" });
    let grant = bench.owner.grant(&json!({
        "filename": "verify.png", "contentType": "image/png", "size": bench.picture.len(), "checksum": checksum,
    }))?;
    let seen = grant.put(&bench.picture)?.expect(400)?;
    bench.owner.status(&grant.id)?.expect_code(404, "not-received")?;
    Ok(seen)
}

/// S3 reads `x-amz-copy-source` on the URL of a part as the upload for a copy, and would copy whatever the signer can read.
fn copied(bench: &Bench) -> Outcome<String> {
    let there = bench.owner.upload(&bench.picture)?;
    bench.owner.verdict(&there.id)?;
    let record = bench.owner.status(&there.id)?.json();
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let source = format!("/{}/{}", text("bucket"), text("key"));
    let (url, id) = bench.owner.first_part()?;
    let seen = put(&url, &[("x-amz-copy-source".to_owned(), source)], b"")?.expect(403)?;
    let listed = bench.owner.get(&format!("/uploads/multipart/{id}/parts"))?;
    listed.expect(200)?;
    match listed.json()["parts"].as_array() {
        Some(parts) if parts.is_empty() => Ok(seen),
        _ => Err(format!("{seen}, but a part is there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_differs_in_one_letter() {
        let id = "01a20297-88d3-7c41-9f0e-3b5d2a84c6e7";
        assert_eq!(neighbour(id), "01a20297-88d3-7c41-9f0e-0b5d2a84c6e7");
        assert_ne!(neighbour(&neighbour(id)), neighbour(id));
    }

    #[test]
    fn an_expiry_is_stretched_tenfold() {
        assert_eq!(stretched("https://b/k?X-Amz-Expires=900&X=1").unwrap(), "https://b/k?X-Amz-Expires=9000&X=1");
        assert_eq!(stretched("https://b/k?X-Amz-Expires=900").unwrap(), "https://b/k?X-Amz-Expires=9000");
        assert!(stretched("https://b/k").is_err());
    }
}
