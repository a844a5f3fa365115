//! Logs with one JSON object per line, and metrics.

use std::fmt;

use serde_json::Value;
use tracing::{Event, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes logs to standard output, which Lambda sends to `CloudWatch`. `LOG_LEVEL` is `error`, `warn`, `info` (the default)
/// or `debug`.
///
/// The span of the runtime adds the `requestId` to each line. Do not log bodies, tokens, signed URLs or file names.
pub fn init() {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    tracing_subscriber::fmt().fmt_fields(JsonFields::new()).event_format(FlatJson).with_max_level(level).init();
}

/// A formatter that writes time, level, the fields of the event and those of its span as one flat object.
///
/// The JSON formatter of `tracing_subscriber` parses the span's fields again for each line, which is slow.
struct FlatJson;

impl<S> FormatEvent<S, JsonFields> for FlatJson
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
        append_members(&mut to, &fields)?;
        if let Some(span) = context.lookup_current()
            && let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>()
        {
            append_members(&mut to, fields)?;
        }
        to.write_str("}\n")
    }
}

/// Writes the members of a JSON `object` as further members of the current object.
fn append_members(to: &mut Writer<'_>, object: &str) -> fmt::Result {
    match object.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(members) if !members.is_empty() => write!(to, ",{members}"),
        Some(_) | None => Ok(()),
    }
}

/// Writes metrics as one line of standard output, in the embedded metric format of `CloudWatch`
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
#[expect(
    clippy::print_stdout,
    reason = "Lambda reads metrics from standard output, and the test harness captures them"
)]
pub fn metrics(metrics: &Value) {
    println!("{metrics}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(log: impl FnOnce()) -> Vec<Value> {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let logger = tracing_subscriber::fmt().fmt_fields(JsonFields::new()).event_format(FlatJson);
        tracing::subscriber::with_default(logger.with_writer(move || writer.clone()).finish(), log);
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_one_flat_object_with_the_request_id() {
        let lines = lines(|| {
            let span = tracing::info_span!("Lambda runtime invoke", requestId = "r \"1\"", xrayTraceId = "Root=1");
            let _entered = span.enter();
            tracing::info!(upload = %"u\n2", size = 7, "granted");
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let values =
            ["level", "message", "upload", "requestId", "xrayTraceId"].map(|name| line[name].as_str().unwrap());
        assert_eq!(values, ["INFO", "granted", "u\n2", "r \"1\"", "Root=1"]);
        assert_eq!(line["size"], 7);
        assert!(line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    }

    #[test]
    fn a_line_without_fields_or_message_is_valid() {
        let lines = lines(|| {
            tracing::warn!("{}", "a { brace");
            let _entered = tracing::info_span!("no fields").entered();
            tracing::error!(kind = "x");
        });
        assert_eq!((&lines[0]["level"], &lines[0]["message"]), (&"WARN".into(), &"a { brace".into()));
        assert_eq!((&lines[1]["level"], &lines[1]["kind"], lines.len()), (&"ERROR".into(), &"x".into(), 2));
    }
}
