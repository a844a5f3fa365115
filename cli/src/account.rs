//! Stacks in an AWS account, through the AWS CLI: it knows every way to sign in.

use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

/// The outputs of a deployed stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The API's address.
    pub api_url: String,
    /// The region.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// The event queue's URL.
    pub queue: String,
    /// The dead-letter queue's URL.
    pub dlq: String,
    /// The table's name.
    pub table: String,
    /// The function that publishes events, where there is a bus or a webhook.
    pub forward: Option<String>,
    /// The ARN of each webhook endpoint's secret.
    pub webhook_secrets: Vec<String>,
    /// The URL of the webhooks' dead-letter queue, where there is a webhook.
    pub webhook_dead_letters: Option<String>,
}

/// Runs the AWS CLI and returns its answer; null when the answer is empty.
///
/// # Errors
/// When the AWS CLI is not installed, or the call fails: one sentence with the next step.
pub fn aws(arguments: &[&str]) -> Result<Value> {
    aws_with_input(arguments, "")
}

/// The same with a text for standard input.
///
/// # Errors
/// As [`aws`].
pub fn aws_with_input(arguments: &[&str], input: &str) -> Result<Value> {
    let mut aws = Command::new("aws");
    aws.args(arguments).args(["--output", "json", "--cli-connect-timeout", "10", "--cli-read-timeout", "60"]);
    aws.env("AWS_PAGER", "").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = || -> std::io::Result<Output> {
        let mut child = aws.spawn()?;
        // A program that ends before it has read its input says why itself.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
        child.wait_with_output()
    };
    let done = run().map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!(
            "the AWS CLI is not installed: install it (https://docs.aws.amazon.com/cli/latest/userguide/\
             getting-started-install.html) and sign in, or use the local stack with `--stack local`"
        ),
        _ => anyhow!(error).context("`aws` could not be started"),
    })?;
    if !done.status.success() {
        let call = arguments.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        bail!(explain(&call, &String::from_utf8_lossy(&done.stderr)));
    }
    if done.stdout.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&done.stdout).context("the AWS CLI did not answer with JSON: is it version 2?")
}

/// What the AWS CLI says to somebody who is not signed in, or not any more.
const SIGNED_OUT: &[&str] = &[
    "Unable to locate credentials",
    "SSO Token",
    "SSO session",
    "Token has expired",
    "ExpiredToken",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
];

/// The next step after an error of the AWS CLI.
fn explain(call: &str, error: &str) -> String {
    let has = |words: &[&str]| words.iter().any(|word| error.contains(word));
    let denied = error.split_once("not authorized to perform: ").and_then(|(_, rest)| rest.split_whitespace().next());
    if let Some(action) = denied {
        return format!(
            "your AWS identity does not have the right {action}: have an administrator grant it, or choose another \
             identity with AWS_PROFILE"
        );
    }
    if has(&["AccessDenied"]) {
        return format!("your AWS identity may not call `aws {call}`: choose another identity with AWS_PROFILE");
    }
    if has(SIGNED_OUT) {
        return "you are not signed in to AWS: run `aws sso login` or `aws configure`, then repeat the command".into();
    }
    if has(&["The config profile"]) {
        return "the AWS CLI has no such profile: set AWS_PROFILE to one that `aws configure list-profiles` names"
            .into();
    }
    if has(&["You must specify a region", "Could not connect to the endpoint"]) {
        return "no usable AWS region is set: set AWS_DEFAULT_REGION to the stack's region, then repeat the command"
            .into();
    }
    if call == "cloudformation describe-stacks" && has(&["does not exist"]) {
        return "there is no stack of that name in this region: check --stack, AWS_PROFILE and AWS_DEFAULT_REGION \
                (`aws cloudformation list-stacks` lists the names)"
            .into();
    }
    format!("`aws {call}` failed: {}", error.trim())
}

/// Finds a stack by its name.
///
/// # Errors
/// When there is no stack of that name, or it is not a Sluice stack.
pub fn deployment(name: &str) -> Result<Deployment> {
    read(name, &aws(&["cloudformation", "describe-stacks", "--stack-name", name])?)
}

fn read(name: &str, answer: &Value) -> Result<Deployment> {
    let stack = &answer["Stacks"][0];
    let output = |key: &str| -> Result<String> {
        let outputs = stack["Outputs"].as_array().into_iter().flatten();
        let value =
            outputs.filter(|output| output["OutputKey"] == key).find_map(|output| output["OutputValue"].as_str());
        let missing = || {
            format!(
                "the stack {name} has no output {key}: check that it is a Sluice stack and that its deployment ended"
            )
        };
        value.map(str::to_owned).with_context(missing)
    };
    // arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID
    let region = stack["StackId"].as_str().and_then(|arn| arn.split(':').nth(3)).unwrap_or_default();
    let webhook_secrets = (1..).map_while(|endpoint| output(&format!("WebhookSecret{endpoint}")).ok()).collect();
    Ok(Deployment {
        api_url: output("ApiUrl")?.trim_end_matches('/').to_owned(),
        region: region.to_owned(),
        bucket: output("BucketName")?,
        queue: output("QueueUrl")?,
        dlq: output("DeadLettersUrl")?,
        table: output("TableName")?,
        forward: output("Forward").ok(),
        webhook_secrets,
        webhook_dead_letters: output("WebhookDeadLetters").ok(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described() -> Value {
        json!({ "Stacks": [{
            "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/sluice/0b1c",
            "StackName": "sluice",
            "Outputs": [
                { "OutputKey": "ApiUrl", "OutputValue": "https://a1b2.execute-api.eu-west-1.amazonaws.com/" },
                { "OutputKey": "BucketName", "OutputValue": "sluice-uploads-111122223333-eu-west-1" },
                { "OutputKey": "QueueUrl", "OutputValue": "https://sqs.eu-west-1.amazonaws.com/111122223333/q" },
                { "OutputKey": "TableName", "OutputValue": "sluice-Table-1ABC" },
                { "OutputKey": "DeadLettersUrl", "OutputValue": "https://sqs.eu-west-1.amazonaws.com/111122223333/d" },
            ],
        }] })
    }

    #[test]
    fn outputs_locate_every_resource() {
        let found = read("sluice", &described()).unwrap();
        assert_eq!(found.api_url, "https://a1b2.execute-api.eu-west-1.amazonaws.com");
        assert_eq!(found.region, "eu-west-1");
        assert_eq!(found.bucket, "sluice-uploads-111122223333-eu-west-1");
        assert!(found.queue.ends_with("/q") && found.dlq.ends_with("/d"));
        assert_eq!((found.table.as_str(), found.forward), ("sluice-Table-1ABC", None));
        assert_eq!((found.webhook_secrets, found.webhook_dead_letters), (Vec::new(), None));
    }

    #[test]
    fn outputs_list_the_webhooks() {
        let mut with_webhooks = described();
        let outputs = with_webhooks["Stacks"][0]["Outputs"].as_array_mut().unwrap();
        for (key, value) in [("WebhookSecret2", "s2"), ("WebhookSecret1", "s1"), ("WebhookDeadLetters", "d")] {
            outputs.push(json!({ "OutputKey": key, "OutputValue": value }));
        }
        let found = read("sluice", &with_webhooks).unwrap();
        assert_eq!(
            (found.webhook_secrets, found.webhook_dead_letters.as_deref()),
            (vec!["s1".into(), "s2".into()], Some("d"))
        );
    }

    #[test]
    fn a_stack_of_another_application_is_refused() {
        let mut other = described();
        other["Stacks"][0]["Outputs"] = json!([]);
        assert!(read("shop", &other).unwrap_err().to_string().contains("the stack shop has no output ApiUrl"));
    }

    #[test]
    fn each_error_of_the_aws_cli_gets_a_next_step() {
        let denied = "An error occurred (AccessDenied) when calling the StartMessageMoveTask operation: User: \
                      arn:aws:iam::111122223333:user/ann is not authorized to perform: sqs:StartMessageMoveTask on \
                      resource: arn:aws:sqs:eu-west-1:111122223333:d";
        for (call, error, step) in [
            ("sqs start-message-move-task", denied, "the right sqs:StartMessageMoveTask: have an administrator"),
            ("sqs list-queues", "Unable to locate credentials. You can configure credentials", "run `aws sso login`"),
            ("sqs list-queues", "You must specify a region. You can also", "set AWS_DEFAULT_REGION"),
            ("cloudformation describe-stacks", "Stack with id shop does not exist", "check --stack"),
            ("sqs list-queues", "something else", "`aws sqs list-queues` failed: something else"),
        ] {
            let message = explain(call, error);
            assert!(message.contains(step) && !message.contains('\n'), "{message}");
        }
    }
}
