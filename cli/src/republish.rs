//! `sluice republish`: publishes verdicts and deletions on the event bus and to the webhooks again.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::{env, process};

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use local_stack::aws::{json_call, rest_call};
use local_stack::stack::{Stack, is_local};
use serde_json::{Value, json};

use crate::account::{aws, deployment};
use crate::progress::Progress;

/// Items of one invocation: the batch size of the stream's event source mapping.
const BATCH_SIZE: usize = 100;

/// Publishes every verdict and every deletion since `since` again and returns their number.
///
/// The forward function itself publishes them, so events and event ids are the same as the first time.
///
/// # Errors
/// When the stack is not found, it has neither bus nor webhook, or an event is refused.
pub fn republish(since: &str, stack: &str, progress: Progress) -> Result<usize> {
    let since = since_text(since, Timestamp::now())?;
    let source = if is_local(stack) { Source::local()? } else { Source::on_aws(stack)? };
    let (mut published, mut next) = (0, None);
    loop {
        let page = source.scan(&since, next.as_ref())?;
        let items = page["Items"].as_array().map(Vec::as_slice).unwrap_or_default();
        for batch in items.chunks(BATCH_SIZE) {
            source.publish(batch)?;
            published += batch.len();
            progress.line(&format!("{published} published so far"));
        }
        next = page.get("LastEvaluatedKey").filter(|key| key.is_object()).cloned();
        if next.is_none() {
            return Ok(published);
        }
    }
}

/// Checks a time on the command line.
///
/// # Errors
/// When it is neither a time nor a duration.
pub fn since(text: &str) -> Result<String, String> {
    since_text(text, Timestamp::now()).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// The time as text that sorts before everything written in that second or later: records may have fractions of a
/// second, and a fraction sorts before the `Z`.
fn since_text(since: &str, now: Timestamp) -> Result<String> {
    let at = match (since.parse::<Timestamp>(), humantime::parse_duration(since)) {
        (Ok(at), _) => Some(at),
        (_, Ok(ago)) => SignedDuration::try_from(ago).ok().and_then(|ago| now.checked_sub(ago).ok()),
        _ => None,
    };
    let at =
        at.with_context(|| format!("{since:?} is not a time: write 2026-11-22T09:30:00Z, or a duration such as 2h"))?;
    Ok(at.to_string().get(..19).unwrap_or_default().to_owned())
}

/// The stream event that publishes these items.
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

/// The table to read and the function that publishes.
enum Source {
    Local { stack: Box<Stack>, forward: String },
    Aws { region: String, table: String, forward: String },
}

impl Source {
    fn local() -> Result<Self> {
        let stack = Stack::read()?;
        let forward = stack.forward.clone().with_context(|| without_consumers("the local stack"))?;
        Ok(Self::Local { stack: Box::new(stack), forward })
    }

    fn on_aws(name: &str) -> Result<Self> {
        let deployment = deployment(name)?;
        let forward = deployment.forward.with_context(|| without_consumers(name))?;
        Ok(Self::Aws { region: deployment.region, table: deployment.table, forward })
    }

    /// One page of the uploads that were validated or deleted since then.
    fn scan(&self, since: &str, start: Option<&Value>) -> Result<Value> {
        // A pending verdict has a `judgedAt` as well and is not published.
        let filter =
            "begins_with(pk, :upload) AND NOT #state = :pending AND (judgedAt >= :since OR deletedAt >= :since)";
        let values =
            json!({ ":upload": { "S": "upload#" }, ":since": { "S": since }, ":pending": { "S": "scanning" } });
        let names = json!({ "#state": "state" });
        match self {
            Self::Local { stack, .. } => {
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

    fn publish(&self, items: &[Value]) -> Result<()> {
        let event = stream(items).to_string();
        let answer = match self {
            Self::Local { stack, forward } => {
                let url = format!("{}/2015-03-31/functions/{forward}/invocations", stack.endpoint);
                rest_call("POST", &url, "lambda", event.as_bytes())?.json()
            }
            Self::Aws { region, forward, .. } => invoke(region, forward, &event)?,
        };
        match answer["batchItemFailures"].as_array() {
            Some(failures) if failures.is_empty() => Ok(()),
            _ => bail!("the forward function did not publish every event: read its log, then run the command again"),
        }
    }
}

/// Invokes a function on AWS. The AWS CLI takes and returns payloads as files.
fn invoke(region: &str, function: &str, event: &str) -> Result<Value> {
    let folder = env::temp_dir().join(format!("sluice-republish-{}", process::id()));
    // The event holds users' file names: only this user may read it, and it is deleted in any case.
    let made = DirBuilder::new().mode(0o700).create(&folder);
    made.with_context(|| format!("{} can't be made", folder.display()))?;
    let (payload, answer) = (folder.join("event.json"), folder.join("answer.json"));
    let run = || -> Result<Value> {
        fs::write(&payload, event)?;
        let (body, into) = (format!("fileb://{}", payload.display()), answer.display().to_string());
        let call = ["lambda", "invoke", "--region", region, "--function-name", function, "--payload", &body, &into];
        aws(&call)?;
        Ok(serde_json::from_slice(&fs::read(&answer)?)?)
    };
    let result = run();
    fs::remove_dir_all(&folder).with_context(|| format!("{} can't be deleted", folder.display()))?;
    result
}

fn without_consumers(name: &str) -> String {
    format!(
        "{name} has no event bus and no webhook: deploy it with the parameter EventBusName or WebhookUrl1, or with both"
    )
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
            assert_eq!(since_text(since, now).unwrap(), expected);
        }
        let since = since_text("2026-11-22T09:30:00Z", now).unwrap();
        for written in ["2026-11-22T09:30:00Z", "2026-11-22T09:30:00.001Z", "2026-11-22T09:30:01Z"] {
            assert!(*written >= *since, "{written}");
        }
        assert!("2026-11-22T09:29:59.999Z" < &*since);
        assert!(since_text("yesterday", now).is_err());
    }

    #[test]
    fn items_become_stream_records() {
        let item = json!({ "pk": { "S": "upload#1" }, "state": { "S": "accepted" } });
        let event = stream(&[item.clone(), item.clone()]);
        assert_eq!(event["Records"][1]["dynamodb"]["NewImage"], item);
        assert_eq!(event["Records"][1]["dynamodb"]["SequenceNumber"], "1");
    }
}
