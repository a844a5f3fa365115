"""Runs `sam local invoke` for every file of `events/`, in the container that SAM makes for the function.

    target/tools/sam/bin/python tests/containers/run.py

Needs the local stack (`cargo xtask up`). `cargo xtask test --full` runs it. engine.py finds or starts Docker, and where
there is none, one line says so and every event counts as skipped: tests/it/golden_events.rs sends the same events to the
same programs in AWS's Runtime Interface Emulator, which needs no container.
"""

import itertools
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import boto3
# Imported before the processes that use it are forked: SAM takes longer to load than to invoke a function.
import samcli.commands.local.cli_common.invoke_context  # noqa: F401
import samcli.commands.local.invoke.cli  # noqa: F401
from samcli.cli.main import cli
from samcli.yamlhelper import yaml_dump, yaml_parse

from engine import Engine, NoEngine

ROOT = Path(__file__).resolve().parent.parent.parent
BUILT = ROOT / ".aws-sam" / "build"
LOGICAL_IDS = {
    "forward": "Forward",
    "multipart-complete": "Complete",
    "multipart-initiate": "Initiate",
    "multipart-parts": "Parts",
    "notify": "Notify",
    "presign": "Presign",
    "reconcile": "Reconcile",
    "uploads": "Uploads",
    "validate": "Validate",
}
# Nothing listens at the address of the webhooks, so every delivery stays in its queue.
PARAMETERS = ["JwtIssuer=https://issuer.example", "JwtAudience=audience", "EventBusName=default",
              "WebhookUrl1=http://127.0.0.1:9/", "WebhookPrivateHosts=true"]
BUCKET = "sluice-example"  # The bucket of the golden events: it is empty.


def problem(function, name, answer):
    """What is wrong with an answer, or nothing. golden_events.rs expects the same."""
    if answer is None and function == "validate":
        return None  # A direct trigger takes no answer.
    if not isinstance(answer, dict) or "errorMessage" in answer:
        return "the function failed"
    status = answer.get("statusCode")
    if function == "forward":
        return "a record was not published" if answer["batchItemFailures"] else None
    if function == "notify":
        return None if len(answer["batchItemFailures"]) == 1 else "the delivery does not stay in its queue"
    if function == "validate":
        failures = bool(answer.get("batchItemFailures"))
        return None if failures == ("poison" in name) else "another set of messages failed"
    if function == "reconcile":
        return None if answer.get("Failures") == 0 or answer.get("unfinished") == 0 else "a step failed"
    if function == "presign":
        expected = range(400, 500) if name.startswith("bad-") else range(200, 300)
    elif function == "multipart-initiate" and not name.startswith("bad-"):
        expected = range(200, 300)
    elif function == "uploads" or name.startswith("uppy-sign"):
        expected = range(200, 500)
    else:
        expected = range(400, 500)
    return None if status in expected else f"the status is {status}"


def copy_of_template(folder):
    """The built template with a variable for the emulator's address: SAM passes on only what a template declares."""
    template = yaml_parse((BUILT / "template.yaml").read_text())
    for function in LOGICAL_IDS.values():
        properties = template["Resources"][function]["Properties"]
        properties["CodeUri"] = str(BUILT / properties["CodeUri"])
        properties.setdefault("Environment", {}).setdefault("Variables", {})["AWS_ENDPOINT_URL"] = ""
    copy = folder / "template.yaml"
    copy.write_text(yaml_dump(template))
    return copy


def client(service, stack):
    key = stack["credentials"]
    return boto3.client(service, stack["region"], endpoint_url=stack["endpoint"],
                        aws_access_key_id=key["accessKeyId"], aws_secret_access_key=key["secretAccessKey"])


def variables(stack, endpoint):
    """The environment of each function, with an empty bucket and the emulator's address for containers.

    The reconciler gets an empty table too: in the deployed one, work of other tests is due.
    """
    s3, dynamodb = client("s3", stack), client("dynamodb", stack)
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": stack["region"]})
    deployed = dynamodb.describe_table(TableName=stack["table"])["Table"]
    empty, members = f"containers-{os.getpid()}", ("IndexName", "KeySchema", "Projection")
    dynamodb.create_table(
        TableName=empty, KeySchema=deployed["KeySchema"], AttributeDefinitions=deployed["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[{name: index[name] for name in members} for index in deployed["GlobalSecondaryIndexes"]],
    )
    shared = {"BUCKET": BUCKET, "TABLE": stack["table"], "QUEUE_URL": stack["queue"],
              "COMPLETIONS_URL": stack["queue"], "EVENT_BUS": "default", "AWS_ENDPOINT_URL": endpoint,
              "LOST_ANNOUNCEMENTS_URL": "", "WEBHOOK_SECRETS": stack["webhookSecrets"][0], "WEBHOOK_QUEUES": stack["webhookQueues"][0]}
    return {name: {**shared, "TABLE": empty} if name == "Reconcile" else shared for name in LOGICAL_IDS.values()}


def sam(arguments):
    """Runs SAM in a process of its own; its exit code, output and errors."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        os.dup2(output.fileno(), 1)
        os.dup2(errors.fileno(), 2)
        try:
            code = cli.main(arguments, prog_name="sam")
        except SystemExit as ended:
            code = ended.code
        sys.stdout.flush()
        sys.stderr.flush()
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        return code, *texts


def failure(function, path, code, output, errors):
    """What to print about an event, or nothing."""
    try:
        wrong = problem(function, path.name, json.loads(output.strip().splitlines()[-1]))
    except (IndexError, ValueError):
        wrong = f"sam ended with {code} and without an answer"
    return wrong and f"{function}/{path.name}: {wrong}\n{output[-500:]}\n{errors[-1500:]}"


def main():
    # Ends the engine too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    events = [(path.parent.name, path) for path in sorted((ROOT / "events").glob("*/*.json"))]
    folder = ROOT / "target" / "local" / "containers"
    folder.mkdir(parents=True, exist_ok=True)
    stack = json.loads((ROOT / "target" / "local" / "stack.json").read_text())
    started, failed = time.monotonic(), []
    try:
        with Engine(ROOT / "target" / "tools" / "containers", stack["endpoint"], BUILT) as engine:
            print(f"{engine.name}; {engine.image}; ready after {time.monotonic() - started:.0f} s", flush=True)
            (folder / "variables.json").write_text(json.dumps(variables(stack, engine.endpoint)))
            common = ["--template", str(copy_of_template(folder)), "--skip-pull-image",
                      "--env-vars", str(folder / "variables.json"), "--region", stack["region"],
                      "--parameter-overrides", *PARAMETERS, f"Architecture={engine.architecture}"]
            os.environ.update({
                **engine.environment, "AWS_ENDPOINT_URL": stack["endpoint"], "SAM_CLI_TELEMETRY": "0", "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_ACCESS_KEY_ID": stack["credentials"]["accessKeyId"],
                "AWS_SECRET_ACCESS_KEY": stack["credentials"]["secretAccessKey"],
            })
            runs = [["local", "invoke", LOGICAL_IDS[function], "--event", str(path), *common]
                    for function, path in events]
            with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
                # The first one alone: it builds the image, even if an older base image left one.
                first = [*runs[0], "--force-image-build"]
                results = itertools.chain([pool.apply(sam, [first])], pool.imap(sam, runs[1:]))
                for function, group in itertools.groupby(zip(events, results), lambda run: run[0][0]):
                    wrong = [failure(*event, *result) for event, result in group]
                    failed += filter(None, wrong)
                    print(f"{function}: {len(wrong)} events, {sum(map(bool, wrong))} failed, "
                          f"{time.monotonic() - started:.0f} s", flush=True)
    except NoEngine as reason:
        print(f"no event ran in a container: {reason}\nℹ pass 0\nℹ fail 0\nℹ skipped {len(events)}")
        return 0
    # The words of Node's test runner, which `cargo xtask test` counts.
    print(*failed, f"ℹ pass {len(events) - len(failed)}\nℹ fail {len(failed)}\nℹ skipped 0", sep="\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
