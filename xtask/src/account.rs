//! An AWS account, through AWS's own command line: it knows every way there is to sign in.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Outcome;

/// What a deployed stack says of itself.
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
    /// The dead letters' URL.
    pub dead_letters: String,
    /// The table's name.
    pub table: String,
    /// The function that announces verdicts, where there is a bus.
    pub forward: Option<String>,
}

/// Runs the AWS command line and reads its answer; null where there is none.
///
/// # Errors
/// When it isn't installed, or with its own words when it fails.
pub fn aws(arguments: &[&str]) -> Outcome<Value> {
    let mut aws = Command::new("aws");
    aws.args(arguments).args(["--output", "json", "--cli-connect-timeout", "10", "--cli-read-timeout", "60"]);
    let done = aws.env("AWS_PAGER", "").stdin(Stdio::null()).output().map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            "A stack on AWS is found through the AWS CLI, and there is no `aws` on your path: install it \
             (https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html), sign in with \
             `aws configure` or `aws sso login`, and run this again. The local stack needs none: `--stack local`."
                .to_owned()
        } else {
            format!("`aws` could not be started: {error}")
        }
    })?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        let call = arguments.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        return Err(format!(
            "`aws {call}` failed: {}\nSign in, and set AWS_PROFILE and AWS_DEFAULT_REGION to where the stack is.",
            said.trim()
        ));
    }
    if done.stdout.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&done.stdout).map_err(|e| format!("`aws` answered something else than JSON: {e}"))
}

/// Where a stack is, by its name.
///
/// # Errors
/// When there is no such stack, or it is another application's.
pub fn deployment(name: &str) -> Outcome<Deployment> {
    read(name, &aws(&["cloudformation", "describe-stacks", "--stack-name", name])?)
}

fn read(name: &str, answer: &Value) -> Outcome<Deployment> {
    let stack = &answer["Stacks"][0];
    let output = |key: &str| -> Outcome<String> {
        let outputs = stack["Outputs"].as_array().into_iter().flatten();
        let value =
            outputs.filter(|output| output["OutputKey"] == key).find_map(|output| output["OutputValue"].as_str());
        value.map(str::to_owned).ok_or_else(|| {
            format!("The stack {name} has no output {key}: it isn't one of Sluice's, or it isn't deployed yet.")
        })
    };
    // arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID
    let region = stack["StackId"].as_str().and_then(|arn| arn.split(':').nth(3)).unwrap_or_default();
    Ok(Deployment {
        api_url: output("ApiUrl")?.trim_end_matches('/').to_owned(),
        region: region.to_owned(),
        bucket: output("BucketName")?,
        queue: output("QueueUrl")?,
        dead_letters: output("DeadLettersUrl")?,
        table: output("TableName")?,
        forward: output("Forward").ok(),
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
    fn outputs_tell_where_everything_is() {
        let found = read("sluice", &described()).unwrap();
        assert_eq!(found.api_url, "https://a1b2.execute-api.eu-west-1.amazonaws.com");
        assert_eq!(found.region, "eu-west-1");
        assert_eq!(found.bucket, "sluice-uploads-111122223333-eu-west-1");
        assert!(found.queue.ends_with("/q") && found.dead_letters.ends_with("/d"));
        assert_eq!((found.table.as_str(), found.forward), ("sluice-Table-1ABC", None));
    }

    #[test]
    fn another_applications_stack_is_named_as_such() {
        let mut other = described();
        other["Stacks"][0]["Outputs"] = json!([]);
        assert!(read("shop", &other).unwrap_err().contains("The stack shop has no output ApiUrl"));
    }
}
