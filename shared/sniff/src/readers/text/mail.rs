//! Mail messages (RFC 5322, 2008) and web archives in MIME format (MHTML, RFC 2557, 1999).

use crate::data::{Table, lines};

/// Names of mail header fields, in lower case. Other text formats have fields too, but with other names.
static FIELDS: Table<&str> = Table::new(|| lines(include_str!("../../../data/mail-fields.txt")));

/// The media type, if the text begins with mail headers.
pub(crate) fn kind(text: &str) -> Option<&'static str> {
    let (mut known, mut fields) = (0u32, 0u32);
    let (mut is_snapshot, mut has_mail_field, mut is_related) = (false, false, false);
    let mut in_content_type = false;
    for line in text.trim_start().lines().take(120) {
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if line.starts_with([' ', '\t']) {
            is_related |= in_content_type && lower.contains("multipart/related");
            continue;
        }
        let Some((name, value)) = lower.split_once(':') else { break };
        if name.is_empty() || name.contains(' ') || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        fields += 1;
        known += u32::from(FIELDS.contains(&name));
        has_mail_field |= matches!(
            name,
            "message-id" | "received" | "mime-version" | "return-path" | "x-mozilla-status" | "from" | "delivered-to"
        );
        is_snapshot |= name == "snapshot-content-location";
        in_content_type = name == "content-type";
        is_related |= in_content_type && value.contains("multipart/related");
    }
    let message =
        has_mail_field && ((known >= 2 && known * 4 >= fields) || (known >= 4 && text.contains("MIME-Version:")));
    // Web archives saved by browsers have the locations of their parts. Word opens archives with two header lines.
    let archive = is_snapshot || (is_related && (text.contains("\nContent-Location:") || fields <= 2));
    match () {
        () if fields > 0 && archive => Some("multipart/related"),
        () if message => Some("message/rfc822"),
        () => None,
    }
}
