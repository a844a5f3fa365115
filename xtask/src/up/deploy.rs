//! Building the functions and deploying the very template that goes to AWS.

use std::process::Command;
use std::{env, fs};

use serde_json::{Value, json};

use super::users::Pool;
use crate::aws::{REGION, ROOT, form_call, rest_call};
use crate::process::{quietly, run};
use crate::stack::{Stack, StackCredentials};
use crate::tools::SAM;
use crate::{Outcome, emulator, local, root, web};

/// The crates below `functions/`: folder = crate = binary.
pub(crate) fn functions() -> Outcome<Vec<String>> {
    let folder = root().join("functions");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(Result::ok).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Builds every function, cargo's progress in view, then lets SAM collect them.
pub(super) fn build() -> Outcome {
    if env::var_os("CARGO_TARGET_DIR").is_some() {
        return Err(
            "CARGO_TARGET_DIR is set, and SAM only looks into ./target: unset it and run this again.".to_owned()
        );
    }
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).env("PATH", SAM.path()).args(["lambda", "build", "--release", "--locked"]);
    for name in functions()? {
        cargo.args(["--bin", &name]);
    }
    run(&mut cargo)
        .map_err(|e| format!("{e}\nThe functions did not build: mend what the compiler says and run this again."))?;
    let architecture = format!("Architecture={}", machine());
    let mut collect = sam();
    collect.args(["build", "--no-cached", "--parameter-overrides", &architecture]);
    quietly("sam build", &local().join("sam-build.log"), &mut collect)
}

/// The template's lint, with the default region that some rules ask for.
pub(super) fn lint() -> Outcome {
    quietly("sam validate --lint", &local().join("sam-validate.log"), sam().args(["validate", "--lint"]))
}

/// This machine, as the template calls it.
fn machine() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

/// The SAM CLI, talking to the emulator and to nobody else.
fn sam() -> Command {
    let mut sam = Command::new(SAM.program("sam"));
    sam.current_dir(root())
        .env("PATH", SAM.path())
        .env("SAM_CLI_TELEMETRY", "0")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env_remove("AWS_PROFILE")
        .env("AWS_ENDPOINT_URL", emulator::endpoint())
        .env("AWS_ACCESS_KEY_ID", ROOT.0)
        .env("AWS_SECRET_ACCESS_KEY", ROOT.1)
        .env("AWS_DEFAULT_REGION", REGION);
    sam
}

/// Deploys and tells where everything is. `extra` are parameters that replace the usual ones; an empty one leaves the
/// template's default.
pub(super) fn deploy(name: &str, users: &Pool, extra: &[&str]) -> Outcome<Stack> {
    let mut parameters = vec![
        format!("Architecture={}", machine()),
        format!("JwtIssuer={}", users.issuer),
        format!("JwtAudience={}", users.audience),
        format!("AllowedOrigins={}", web::origins().join(",")),
        "RequireTls=false".to_owned(),
        "DeletionProtection=false".to_owned(),
        "MalwareScanning=true".to_owned(),
        "EventBusName=default".to_owned(),
        // The emulator takes this number only as a literal.
        "ValidatorConcurrency=0".to_owned(),
        // Short, so that a redelivery doesn't take minutes; still six times the function's time.
        "ValidatorTimeout=10".to_owned(),
        "QueueVisibility=60".to_owned(),
        // Tests run it when they want it, and nothing else changes under their hands.
        "ReconcileSchedule=\"rate(1 day)\"".to_owned(),
    ];
    for chosen in extra {
        let (name, value) = chosen.split_once('=').unwrap_or((chosen, ""));
        parameters.retain(|usual| usual.split('=').next() != Some(name));
        // SAM can't say that something is empty, but then the template's default is.
        if !value.is_empty() {
            let quoted = value.replace('\\', r"\\").replace('"', "\\\"");
            parameters.push(if value.contains('"') { format!("{name}=\"{quoted}\"") } else { (*chosen).to_owned() });
        }
    }
    let mut deploy = sam();
    deploy.args(["deploy", "--stack-name", name, "--no-confirm-changeset", "--parameter-overrides"]).args(parameters);
    quietly(&format!("sam deploy of {name}"), &local().join(format!("deploy-{name}.log")), &mut deploy)?;
    let stack = outputs(name, users)?;
    allow_origins(&stack)?;
    Ok(stack)
}

fn outputs(name: &str, users: &Pool) -> Outcome<Stack> {
    let body = format!("Action=DescribeStacks&Version=2010-05-15&StackName={name}");
    let xml = form_call(&emulator::endpoint(), "cloudformation", &body)?;
    let output = |name: &str| -> Outcome<String> {
        let found = xml.split("<OutputKey>").find_map(|rest| {
            let rest = rest.strip_prefix(name)?.strip_prefix("</OutputKey>")?;
            let (_, value) = rest.split_once("<OutputValue>")?;
            Some(value.split_once("</OutputValue>")?.0.replace("&amp;", "&"))
        });
        found.ok_or_else(|| format!("the deployed stack has no output {name}"))
    };
    Ok(Stack {
        api_url: output("ApiUrl")?.trim_end_matches('/').to_owned(),
        endpoint: emulator::endpoint(),
        region: REGION.to_owned(),
        bucket: output("BucketName")?,
        table: output("TableName")?,
        queue: output("QueueUrl")?,
        dlq: output("DeadLettersUrl")?,
        forward: output("Forward").ok(),
        credentials: StackCredentials { access_key_id: ROOT.0.to_owned(), secret_access_key: ROOT.1.to_owned() },
        users: users.users.clone(),
    })
}

/// The emulator stores the template's `CorsConfiguration` but does not heed it: the API call that AWS makes of it
/// is made here.
fn allow_origins(stack: &Stack) -> Outcome {
    let host = stack.api_url.split("://").nth(1).unwrap_or_default();
    let id = host.split('.').next().unwrap_or_default();
    let file = root().join("template.yaml");
    let template = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut cors = cors(&template).ok_or("template.yaml has no CorsConfiguration of the API in the form known here")?;
    cors["allowOrigins"] = json!(web::origins());
    let body = json!({ "corsConfiguration": cors });
    let url = format!("{}/v2/apis/{id}", stack.endpoint);
    rest_call("PATCH", &url, "apigateway", body.to_string().as_bytes()).map(drop)
}

/// What the template says of the API's CORS, except the origins, which are a parameter: lines of one block, each list in
/// brackets.
fn cors(template: &str) -> Option<Value> {
    let (_, api) = template.split_once("Type: AWS::ApiGatewayV2::Api\n")?;
    let (_, block) = api.split_once("      CorsConfiguration:\n")?;
    let lines = || block.lines().take_while(|line| line.starts_with("        "));
    let value = |name: &str| lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "));
    let list = |name: &str| -> Option<Vec<&str>> {
        Some(value(name)?.strip_prefix('[')?.strip_suffix(']')?.split(',').map(str::trim).collect())
    };
    Some(json!({
        "allowMethods": list("AllowMethods")?,
        "allowHeaders": list("AllowHeaders")?,
        "exposeHeaders": list("ExposeHeaders")?,
        "maxAge": value("MaxAge")?.parse::<u32>().ok()?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apis_cors_is_the_templates() {
        let template = fs::read_to_string(root().join("template.yaml")).unwrap();
        let cors = cors(&template).unwrap();
        assert_eq!(cors["allowMethods"], json!(["GET", "POST", "DELETE", "OPTIONS"]));
        assert_eq!(cors["exposeHeaders"], json!(["retry-after", "access-control-allow-headers"]));
        assert_eq!(cors["maxAge"], 86400);
        let names = cors["allowHeaders"].as_array().unwrap();
        assert!(names.contains(&json!("authorization")) && names.contains(&json!("idempotency-key")), "{names:?}");
        let others = template.replace("AllowHeaders: [authorization, ", "AllowHeaders: [");
        assert_ne!(super::cors(&others), Some(cors), "another list is another answer");
    }
}
