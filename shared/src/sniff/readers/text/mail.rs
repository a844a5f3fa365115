//! Mail, and web archives in mail's clothes.

/// Header fields that begin a message; a file of other fields may be anything.
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

/// A message, if the text begins with a block of mail headers.
pub(super) fn kind(text: &str) -> Option<&'static str> {
    let mut known = 0u32;
    let mut fields = 0u32;
    let mut web = false;
    let mut telling = false;
    for line in text.trim_start().lines().take(120) {
        if line.trim().is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            web |= line.to_ascii_lowercase().contains("text/html") && line.contains("type=");
            continue;
        }
        let Some((name, value)) = line.split_once(':') else { break };
        if name.is_empty() || name.contains(' ') || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        fields += 1;
        let name = name.to_ascii_lowercase();
        known += u32::from(FIELDS.contains(&name.as_str()));
        telling |= matches!(
            name.as_str(),
            "message-id" | "received" | "mime-version" | "return-path" | "x-mozilla-status" | "from" | "delivered-to"
        );
        web |= name == "content-type"
            && value.to_ascii_lowercase().contains("multipart/related")
            && text.contains("Content-Location:");
        web |= name == "snapshot-content-location";
    }
    let message = telling && ((known >= 2 && known * 4 >= fields) || (known >= 4 && text.contains("MIME-Version:")));
    // A web archive saved by a browser has the location of its parts; one line of headers is enough for Word to open it.
    let archive = web || (fields > 0 && known == fields && has_related(text));
    match () {
        () if (message || fields > 0) && archive => Some("multipart/related"),
        () if message => Some("message/rfc822"),
        () => None,
    }
}

fn has_related(text: &str) -> bool {
    let head: String = text.chars().take(2048).collect::<String>().to_ascii_lowercase();
    head.contains("mime-version:") && head.contains("multipart/related")
}
