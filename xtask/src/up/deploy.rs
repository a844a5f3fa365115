//! Builds the functions and deploys the template that is also deployed to AWS.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use local_stack::aws::{REGION, ROOT, stack_outputs};
use local_stack::stack::{LOCAL, Stack, StackCredentials};

use super::users::Pool;
use crate::process::quietly;
use crate::tools::{CARGO_LAMBDA, SAM};
use crate::{emulator, local, root, web};

/// The crates below `functions/`: folder = crate = binary.
pub(crate) fn functions() -> Result<Vec<String>> {
    let folder = root().join("functions");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut names: Vec<String> =
        entries.filter_map(Result::ok).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Compiles every function.
pub(super) fn compile() -> Result<()> {
    let elsewhere = env::var_os("CARGO_TARGET_DIR").is_some();
    ensure!(!elsewhere, "CARGO_TARGET_DIR is set, but SAM reads ./target only: unset it and run the command again");
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).env("PATH", CARGO_LAMBDA.path()).args(["lambda", "build", "--release", "--locked"]);
    for name in functions()? {
        cargo.args(["--bin", &name]);
    }
    quietly("compiling the functions", &root().join("target/tools/build.log"), &mut cargo)
}

/// Has SAM collect the compiled functions, if they or the template have changed. Returns what stands for both.
pub(super) fn collect() -> Result<String> {
    let (built, stamp) = (code()?, root().join(".aws-sam/collected.txt"));
    if fs::read_to_string(&stamp).is_ok_and(|collected| collected == built) {
        return Ok(built);
    }
    let architecture = format!("Architecture={}", machine());
    let mut collect = sam();
    collect.args(["build", "--no-cached", "--parallel", "--parameter-overrides", &architecture]);
    quietly("sam build", &local().join("sam-build.log"), &mut collect)?;
    fs::write(&stamp, &built).with_context(|| stamp.display().to_string())?;
    Ok(built)
}

/// The template whose functions SAM has uploaded. Compressing them takes longer than the rest of a deployment, so it is
/// done once for all stacks of the tests. The template goes with the emulator's state, which has the uploaded files.
fn package(code: &str) -> Result<PathBuf> {
    let (template, stamp) = (emulator::home().join("packaged.yaml"), emulator::home().join("packaged.txt"));
    // Tests of other processes deploy at the same time.
    let one_by_one = File::create(emulator::home().join("packaged.lock"))?;
    one_by_one.lock()?;
    if fs::read_to_string(&stamp).is_ok_and(|packaged| packaged == code) {
        return Ok(template);
    }
    let mut package = sam();
    package.args(["package", "--resolve-s3", "--output-template-file"]).arg(&template);
    quietly("sam package", &local().join("sam-package.log"), &mut package)?;
    fs::write(&stamp, code).with_context(|| stamp.display().to_string())?;
    Ok(template)
}

/// A text that changes with the template and with every compiled function.
fn code() -> Result<String> {
    let mut hasher = DefaultHasher::new();
    let bootstraps = functions()?.into_iter().map(|name| format!("target/lambda/{name}/bootstrap"));
    for file in ["template.yaml".to_owned(), "samconfig.toml".to_owned()].into_iter().chain(bootstraps) {
        fs::read(root().join(&file)).with_context(|| file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// The template's lint.
pub(super) fn lint() -> Result<()> {
    quietly("sam validate --lint", &local().join("sam-validate.log"), sam().args(["validate", "--lint"]))
}

/// This machine's architecture in the template's words.
fn machine() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

/// The SAM CLI. It calls the emulator only.
fn sam() -> Command {
    let mut sam = Command::new(SAM.program("sam"));
    sam.current_dir(root()).env("PATH", SAM.path()).env("SAM_CLI_TELEMETRY", "0").env_remove("AWS_PROFILE");
    sam.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    sam.env("AWS_ENDPOINT_URL", emulator::endpoint()).env("AWS_DEFAULT_REGION", REGION);
    sam.env("AWS_ACCESS_KEY_ID", ROOT.0).env("AWS_SECRET_ACCESS_KEY", ROOT.1);
    // Python keeps what it has compiled in this environment of ours, whatever the user's says.
    sam.env_remove("PYTHONDONTWRITEBYTECODE");
    sam
}

/// Deploys a stack and returns its addresses. `code` stands for what is deployed: if the running emulator has it with the
/// same parameters, nothing is done. `extra` are parameters that replace the usual ones; an empty one stands for the
/// template's default.
pub(super) fn deploy(name: &str, code: &str, users: &Pool, origins: &[String], extra: &[&str]) -> Result<Stack> {
    let origins = web::origins(origins);
    let mut parameters = vec![
        format!("Architecture={}", machine()),
        format!("JwtIssuer={}", users.issuer),
        format!("JwtAudience={}", users.audience),
        format!("AllowedOrigins={}", origins.join(",")),
        "RequireTls=false".to_owned(),
        "DeletionProtection=false".to_owned(),
        "MalwareScanning=true".to_owned(),
        "EventBusName=default".to_owned(),
        // The emulator accepts these numbers only as literals.
        "ValidatorConcurrency=0".to_owned(),
        "CompletionConcurrency=0".to_owned(),
        "WebhookConcurrency=0".to_owned(),
        // Short, so that a redelivery doesn't take minutes.
        "ValidatorTimeout=10".to_owned(),
        "ReconcileSchedule=\"rate(1 day)\"".to_owned(), // Tests invoke the reconciler themselves.
    ];
    for chosen in extra {
        let (name, value) = chosen.split_once('=').unwrap_or((chosen, ""));
        parameters.retain(|usual| usual.split('=').next() != Some(name));
        // SAM can't pass an empty value; such a parameter is empty by default.
        if !value.is_empty() {
            let quoted = value.replace('\\', r"\\").replace('"', "\\\"");
            parameters.push(if value.contains('"') { format!("{name}=\"{quoted}\"") } else { (*chosen).to_owned() });
        }
    }
    // It goes with the emulator's state.
    let (stamp, inputs) = (emulator::home().join(format!("{name}.txt")), format!("{code} {parameters:?}"));
    if fs::read_to_string(&stamp).is_ok_and(|deployed| deployed == inputs)
        && let Ok(stack) = outputs(name, users)
    {
        return Ok(stack);
    }
    let mut deploy = sam();
    deploy.arg("deploy");
    if name != LOCAL {
        // SAM looks for its settings beside the template.
        deploy.arg("--template-file").arg(package(code)?).arg("--config-file").arg(root().join("samconfig.toml"));
    }
    deploy.args(["--stack-name", name, "--no-confirm-changeset", "--parameter-overrides"]).args(parameters);
    quietly(&format!("sam deploy of {name}"), &local().join(format!("deploy-{name}.log")), &mut deploy)?;
    let stack = outputs(name, users)?;
    fs::write(&stamp, inputs).with_context(|| stamp.display().to_string())?;
    Ok(stack)
}

/// The addresses of a deployed stack.
fn outputs(name: &str, users: &Pool) -> Result<Stack> {
    let outputs = stack_outputs(&emulator::endpoint(), name)?;
    let output = |name: &str| outputs(name).with_context(|| format!("the deployed stack has no output {name}"));
    let numbered = |name: &str| (1..).map_while(|number| outputs(&format!("{name}{number}"))).collect();
    let url = output("ApiUrl")?;
    let host = url.split("://").nth(1).unwrap_or_default();
    let id = host.split('.').next().unwrap_or_default();
    Ok(Stack {
        // The emulator serves the API below this path too. Not every resolver knows `ID.execute-api.localhost`.
        api_url: format!("{}/_aws/execute-api/{id}", emulator::endpoint()),
        endpoint: emulator::endpoint(),
        region: REGION.to_owned(),
        bucket: output("BucketName")?,
        table: output("TableName")?,
        queue: output("QueueUrl")?,
        dlq: output("DeadLettersUrl")?,
        forward: outputs("Forward"),
        webhook_secrets: numbered("WebhookSecret"),
        webhook_queues: numbered("WebhookQueue"),
        webhook_dead_letters: outputs("WebhookDeadLetters"),
        credentials: StackCredentials { access_key_id: ROOT.0.to_owned(), secret_access_key: ROOT.1.to_owned() },
        users: users.users.clone(),
    })
}
