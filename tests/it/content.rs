//! Content checks: one real file of each family is accepted, one attack of each kind is rejected or flagged.

use serde_json::{Value, json};

use crate::api::{Grant, alice};
use crate::aws::{key_of, versions};
use crate::support::{asset, wait_for};

/// Uploads under the class `strict` and returns the record with its verdict.
fn validated(name: &str, content_type: &str, bytes: &[u8]) -> (Grant, Value) {
    let body = json!({ "filename": name, "contentType": content_type, "size": bytes.len(), "class": "strict" });
    let grant = alice().granted(&body);
    assert_eq!(grant.put(bytes).status, 200, "{name}");
    let record = alice().verdict(grant.id());
    (grant, record)
}

fn codes(entries: &Value) -> Vec<&str> {
    entries.as_array().unwrap().iter().filter_map(|entry| entry["code"].as_str()).collect()
}

#[test]
fn one_real_file_of_each_family_is_accepted_with_its_type() {
    let text = |text: &str| text.as_bytes().to_vec();
    for (name, content_type, bytes) in [
        ("lock.gif", "image/gif", asset("lock.gif")),
        ("lock.webp", "image/webp", asset("lock.webp")),
        ("lock.tiff", "image/tiff", asset("lock.tiff")),
        ("note.pdf", "application/pdf", asset("note.pdf")),
        ("boat.mp4", "video/mp4", asset("boat.mp4")),
        ("log.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", asset("log.docx")),
        ("levels.xls", "application/vnd.ms-excel", asset("levels.xls")),
        ("log.odt", "application/vnd.oasis.opendocument.text", asset("log.odt")),
        ("logs.zip", "application/zip", asset("logs.zip")),
        ("levels.csv", "text/csv", asset("levels.csv")),
        ("levels.tsv", "text/tab-separated-values", text("day\tlevel\n1\t3.2\n2\t3.1\n3\t3.4\n")),
        ("levels.json", "application/json", text("{\"day\": 1, \"levels\": [3.2, 1.1], \"ok\": true}\n")),
        ("log.md", "text/markdown", text("# Lock log\n\n- opened at *dawn*\n- shut at **dusk**\n")),
        ("log.txt", "text/plain", text("The gate opened at dawn and was shut at dusk.\n")),
    ] {
        let (_, record) = validated(name, content_type, &bytes);
        assert_eq!(record["status"], "accepted", "{name}: {record}");
        assert_eq!(record["observed"]["contentType"], content_type, "{name}: {record}");
    }
}

/// `bytes` with every `from` replaced by `to`, which has the same length.
fn altered(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let offsets: Vec<usize> = (0..bytes.len() - from.len()).filter(|i| bytes[*i..].starts_with(from)).collect();
    assert!(!offsets.is_empty());
    for offset in offsets {
        bytes[offset..offset + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn one_attack_of_each_kind_is_rejected_or_flagged() {
    let (png, jpg, zip) = (asset("lock.png"), asset("lock.jpg"), asset("logs.zip"));
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    // Bit 0 of the flags marks an encrypted entry, in the local header and in the central directory.
    let encrypted = altered(
        &altered(&zip, b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\x01\0"),
        b"PK\x01\x02\x14\x03\x14\0\0\0",
        b"PK\x01\x02\x14\x03\x14\0\x01\0",
    );
    let mut huge = png.clone();
    huge[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    for (name, content_type, bytes, expected) in [
        ("two.png", "image/png", [png.as_slice(), &zip].concat(), "polyglot"),
        ("page.txt", "text/plain", asset("page.html"), "content-mismatch"),
        ("other.jpg", "image/jpeg", png.clone(), "content-mismatch"),
        ("program.png", "image/png", asset("program.exe"), "executable"),
        ("half.jpg", "image/jpeg", jpg[..jpg.len() / 2].to_vec(), "truncated"),
        ("stub.jpg", "image/jpeg", jpg[..3].to_vec(), "stub"),
        ("huge.png", "image/png", huge, "pixel-bomb"),
        ("macro.docx", docx, asset("macro.docx"), "macros"),
        ("out.zip", "application/zip", altered(&zip, b"a.txt", b"../at"), "zip-traversal"),
        ("locked.zip", "application/zip", encrypted, "encrypted"),
        ("cells.csv", "text/csv", b"name,value\na,=HYPERLINK(\"x\")\nb,2\n".to_vec(), "formula"),
    ] {
        let (grant, record) = validated(name, content_type, &bytes);
        let all = [codes(&record["reasons"]), codes(&record["findings"])].concat();
        assert!(all.contains(&expected), "{name}: {record}");
        if record["status"] == "rejected" {
            wait_for("the deletion of the version", || versions(&key_of(&grant)).is_empty().then_some(()));
        } else {
            // A flagged file is served as an attachment only.
            let inline = alice().get(&format!("/uploads/{}/content?disposition=inline", grant.id()));
            assert_eq!(inline.json()["code"], "inline-not-allowed", "{name}");
        }
    }
}

#[test]
fn deceptive_names_are_refused_before_a_grant() {
    for name in ["invoice.pdf.exe.png", "CON.png", "a.png::$DATA", "photo\u{202e}gpj.png"] {
        let body = json!({ "filename": name, "contentType": "image/png", "size": 10, "class": "strict" });
        let answer = alice().request_grant(&body);
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        let refused = matches!(code.as_str(), "name-not-allowed" | "invalid-filename" | "extension-not-allowed");
        assert!(refused && answer.status < 500, "{name:?}: {}", answer.text());
    }
}
