//! Logs: one JSON object a line, with the request's id, for people and for queries.

use std::fmt;

use serde_json::Value;
use tracing::{Event, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Sends logs to standard output, where Lambda picks them up. `LOG_LEVEL` is `error`, `warn`, `info` (the
/// default) or `debug`.
///
/// The runtime's own span gives each line its `requestId`. Never logged: bodies, tokens, signed URLs, file names.
pub fn init() {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    tracing_subscriber::fmt().fmt_fields(JsonFields::new()).event_format(Line).with_max_level(level).init();
}

/// Time, level, the event's fields and its span's, all in one flat object.
///
/// The library's own JSON reads the span's fields back from JSON for each line, which was a good part of what a line
/// costs.
struct Line;

impl<S> FormatEvent<S, JsonFields> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        to.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut to)?;
        write!(to, "\",\"level\":\"{}\"", event.metadata().level())?;
        let mut fields = String::with_capacity(256);
        context.format_fields(Writer::new(&mut fields), event)?;
        append(&mut to, &fields)?;
        if let Some(span) = context.lookup_current()
            && let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>()
        {
            append(&mut to, fields)?;
        }
        to.write_str("}\n")
    }
}

/// The members of `object`, which is JSON, as further members of another.
fn append(to: &mut Writer<'_>, object: &str) -> fmt::Result {
    match object.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(members) if !members.is_empty() => write!(to, ",{members}"),
        Some(_) | None => Ok(()),
    }
}

/// Writes figures as one line of standard output, where `CloudWatch` makes metrics of them.
#[expect(clippy::print_stdout, reason = "that is where Lambda reads them, and tests keep them to themselves")]
pub fn metrics(figures: &Value) {
    println!("{figures}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(log: impl FnOnce()) -> Vec<Value> {
        let kept = Kept::default();
        let writer = kept.clone();
        let logger = tracing_subscriber::fmt().fmt_fields(JsonFields::new()).event_format(Line);
        tracing::subscriber::with_default(logger.with_writer(move || writer.clone()).finish(), log);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_one_flat_object_with_the_requests_id() {
        let lines = lines(|| {
            let span = tracing::info_span!("Lambda runtime invoke", requestId = "r \"1\"", xrayTraceId = "Root=1");
            let _entered = span.enter();
            tracing::info!(upload = %"u\n2", size = 7, "granted");
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let told = ["level", "message", "upload", "requestId", "xrayTraceId"].map(|name| line[name].as_str().unwrap());
        assert_eq!(told, ["INFO", "granted", "u\n2", "r \"1\"", "Root=1"]);
        assert_eq!(line["size"], 7);
        assert!(line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    }

    #[test]
    fn a_line_without_span_or_message_is_whole_too() {
        let lines = lines(|| {
            tracing::warn!("{}", "a { brace");
            let _entered = tracing::info_span!("no fields").entered();
            tracing::error!(kind = "x");
        });
        assert_eq!((&lines[0]["level"], &lines[0]["message"]), (&"WARN".into(), &"a { brace".into()));
        assert_eq!((&lines[1]["level"], &lines[1]["kind"], lines.len()), (&"ERROR".into(), &"x".into(), 2));
    }
}
