//! `cargo xtask republish`: everybody is told again.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::account::{aws, deployment};
use crate::aws::{json_call, rest_call};
use crate::stack::{Stack, is_local};
use crate::{Outcome, local};

/// How many announcements one invocation is given: as many as the stream gives it.
const BATCH: usize = 100;

/// Announces every verdict and every deletion since `since` again. The forwarder itself does it, so that the events
/// and their ids are those of the first time.
///
/// # Errors
/// When the stack has no bus or can't be found, or the bus refuses.
pub fn republish(since: &str, stack: &str) -> Outcome {
    let since = since_text(since, Timestamp::now())?;
    let place = if is_local(stack) { Place::here()? } else { Place::on_aws(stack)? };
    let (mut told, mut next) = (0, None);
    loop {
        let page = place.scan(&since, next.as_ref())?;
        let items = page["Items"].as_array().map(Vec::as_slice).unwrap_or_default();
        for batch in items.chunks(BATCH) {
            place.announce(batch)?;
            told += batch.len();
        }
        next = page.get("LastEvaluatedKey").filter(|key| key.is_object()).cloned();
        if next.is_none() {
            break;
        }
    }
    println!(
        "Announced {told} verdicts and deletions since {since}Z, but for what the forwarder's log calls unreadable."
    );
    Ok(())
}

/// The time from which on, as text that sorts before everything written in that second or later: records may carry
/// fractions, and a fraction sorts before the `Z`.
fn since_text(since: &str, now: Timestamp) -> Outcome<String> {
    let at = match (since.parse::<Timestamp>(), humantime::parse_duration(since)) {
        (Ok(at), _) => Some(at),
        (_, Ok(ago)) => SignedDuration::try_from(ago).ok().and_then(|ago| now.checked_sub(ago).ok()),
        _ => None,
    };
    let at = at.ok_or_else(|| format!("{since:?} is no time: write 2026-11-22T09:30:00Z, or how long ago, as 2h"))?;
    Ok(at.to_string().get(..19).unwrap_or_default().to_owned())
}

/// The event of the stream that would have announced these items.
fn stream(items: &[Value]) -> Value {
    let record = |(n, item): (usize, &Value)| {
        json!({
            "eventName": "INSERT",
            "eventSource": "aws:dynamodb",
            "dynamodb": { "Keys": { "pk": item["pk"] }, "NewImage": item, "SequenceNumber": n.to_string() },
        })
    };
    json!({ "Records": items.iter().enumerate().map(record).collect::<Vec<_>>() })
}

/// Where the table and the forwarder are.
enum Place {
    Here { stack: Box<Stack>, forward: String },
    Aws { region: String, table: String, forward: String },
}

impl Place {
    fn here() -> Outcome<Self> {
        let stack = Stack::read()?;
        let forward = stack.forward.clone().ok_or_else(|| without_bus("The local stack"))?;
        Ok(Self::Here { stack: Box::new(stack), forward })
    }

    fn on_aws(name: &str) -> Outcome<Self> {
        let deployment = deployment(name)?;
        let forward = deployment.forward.ok_or_else(|| without_bus(name))?;
        Ok(Self::Aws { region: deployment.region, table: deployment.table, forward })
    }

    /// One page of the uploads that were validated or buried since then.
    fn scan(&self, since: &str, start: Option<&Value>) -> Outcome<Value> {
        // A half of a verdict has its time as well, and is nobody's business.
        let filter = "begins_with(pk, :upload) AND NOT #state = :half AND (judgedAt >= :since OR deletedAt >= :since)";
        let values = json!({ ":upload": { "S": "upload#" }, ":since": { "S": since }, ":half": { "S": "scanning" } });
        let names = json!({ "#state": "state" });
        match self {
            Self::Here { stack, .. } => {
                let mut body = json!({
                    "TableName": stack.table,
                    "FilterExpression": filter,
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues": values,
                });
                if let Some(start) = start {
                    body["ExclusiveStartKey"] = start.clone();
                }
                json_call(&stack.endpoint, "dynamodb", "DynamoDB_20120810.Scan", &body)
            }
            Self::Aws { region, table, .. } => {
                let (names, values, start) = (names.to_string(), values.to_string(), start.map(Value::to_string));
                let mut scan = vec!["dynamodb", "scan", "--no-paginate", "--region", region, "--table-name", table];
                scan.extend(["--filter-expression", filter, "--expression-attribute-names", &names]);
                scan.extend(["--expression-attribute-values", &values]);
                if let Some(start) = &start {
                    scan.extend(["--exclusive-start-key", start]);
                }
                aws(&scan)
            }
        }
    }

    fn announce(&self, items: &[Value]) -> Outcome {
        let event = stream(items);
        let answer = match self {
            Self::Here { stack, forward } => {
                let url = format!("{}/2015-03-31/functions/{forward}/invocations", stack.endpoint);
                rest_call("POST", &url, "lambda", event.to_string().as_bytes())?.json()
            }
            Self::Aws { region, forward, .. } => {
                let (payload, answer) = (local().join("republish.json"), local().join("republish-answer.json"));
                let failed = |e: std::io::Error| format!("{}: {e}", local().display());
                fs::create_dir_all(local()).and_then(|()| fs::write(&payload, event.to_string())).map_err(failed)?;
                let (body, into) = (format!("fileb://{}", payload.display()), answer.display().to_string());
                let invoked = aws(&[
                    "lambda",
                    "invoke",
                    "--region",
                    region,
                    "--function-name",
                    forward,
                    "--payload",
                    &body,
                    &into,
                ]);
                // Whatever came of it: it holds what users called their files.
                fs::remove_file(&payload).map_err(failed)?;
                invoked?;
                let text = fs::read_to_string(&answer).map_err(failed)?;
                serde_json::from_str(&text).unwrap_or_default()
            }
        };
        match answer["batchItemFailures"].as_array() {
            Some(failures) if failures.is_empty() => Ok(()),
            _ => Err(format!("The forwarder did not announce everything, its log says why: {answer}\nRun this again.")),
        }
    }
}

fn without_bus(name: &str) -> String {
    format!("{name} has no bus: deploy it with EventBusName.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_time_or_a_duration_and_sorts_before_its_own_second() {
        let now = "2026-11-22T12:00:00.9Z".parse().unwrap();
        for (since, expected) in [
            ("2026-11-22T09:30:00Z", "2026-11-22T09:30:00"),
            ("2026-11-22T10:30:00.5+01:00", "2026-11-22T09:30:00"),
            ("2h", "2026-11-22T10:00:00"),
            ("7d", "2026-11-15T12:00:00"),
        ] {
            assert_eq!(since_text(since, now).as_deref(), Ok(expected));
        }
        let since = since_text("2026-11-22T09:30:00Z", now).unwrap();
        for written in ["2026-11-22T09:30:00Z", "2026-11-22T09:30:00.001Z", "2026-11-22T09:30:01Z"] {
            assert!(*written >= *since, "{written}");
        }
        assert!("2026-11-22T09:29:59.999Z" < &*since);
        assert!(since_text("yesterday", now).is_err());
    }

    #[test]
    fn items_look_like_the_streams_own() {
        let item = json!({ "pk": { "S": "upload#1" }, "state": { "S": "accepted" } });
        let event = stream(&[item.clone(), item.clone()]);
        assert_eq!(event["Records"][1]["dynamodb"]["NewImage"], item);
        assert_eq!(event["Records"][1]["dynamodb"]["SequenceNumber"], "1");
    }
}
