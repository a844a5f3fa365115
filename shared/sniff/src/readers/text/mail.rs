//! Mail messages (RFC 5322, 2008) and web archives in MIME format (MHTML, RFC 2557, 1999).

/// Names of mail header fields, in lower case. Other text formats have fields too, but with other names.
const FIELDS: &[&str] = &[
    "received",
    "return-path",
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "delivered-to",
    "content-type",
    "x-mozilla-status",
    "x-account-key",
    "reply-to",
    "sender",
    "cc",
    "x-received",
    "dkim-signature",
    "arc-seal",
    "references",
    "in-reply-to",
    "content-transfer-encoding",
    "x-priority",
    "x-mailer",
    "thread-topic",
    "thread-index",
    "x-ms-has-attach",
    "authentication-results",
    "received-spf",
    "envelope-to",
    "delivery-date",
    "x-sieve",
    "user-agent",
    "x-original-to",
    "list-id",
    "x-envelope-from",
    "x-spam-checker-version",
    "x-gm-message-state",
    "x-google-smtp-source",
    "x-google-dkim-signature",
    "organization",
    "newsgroups",
    "path",
    "status",
    "x-unsent",
    "snapshot-content-location",
    "importance",
];

/// The media type, if the text begins with mail headers.
pub(crate) fn kind(text: &str) -> Option<&'static str> {
    let mut known = 0u32;
    let mut fields = 0u32;
    let mut has_web_field = false;
    let mut has_mail_field = false;
    for line in text.trim_start().lines().take(120) {
        if line.trim().is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            has_web_field |= line.to_ascii_lowercase().contains("text/html") && line.contains("type=");
            continue;
        }
        let Some((name, value)) = line.split_once(':') else { break };
        if name.is_empty() || name.contains(' ') || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        fields += 1;
        let name = name.to_ascii_lowercase();
        known += u32::from(FIELDS.contains(&name.as_str()));
        has_mail_field |= matches!(
            name.as_str(),
            "message-id" | "received" | "mime-version" | "return-path" | "x-mozilla-status" | "from" | "delivered-to"
        );
        has_web_field |= name == "content-type"
            && value.to_ascii_lowercase().contains("multipart/related")
            && text.contains("Content-Location:");
        has_web_field |= name == "snapshot-content-location";
    }
    let message =
        has_mail_field && ((known >= 2 && known * 4 >= fields) || (known >= 4 && text.contains("MIME-Version:")));
    // Web archives saved by browsers have the locations of their parts. Word opens archives with a single header line.
    let archive = has_web_field || (fields > 0 && known == fields && is_multipart_related(text));
    match () {
        () if (message || fields > 0) && archive => Some("multipart/related"),
        () if message => Some("message/rfc822"),
        () => None,
    }
}

fn is_multipart_related(text: &str) -> bool {
    let head: String = text.chars().take(2048).collect::<String>().to_ascii_lowercase();
    head.contains("mime-version:") && head.contains("multipart/related")
}
