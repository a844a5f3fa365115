"""Deploys the template for the first time and fails, then repeats it under the same name, on the local stack.

    python3 tests/deploy/run.py

Needs the local stack (`cargo xtask up`). The first deployment has one resource more, which no deployment can make and
which comes last: a wait condition that nobody signals. CloudFormation then rolls back, and what it keeps decides whether
the second deployment succeeds. The same two deployments with `DeletionPolicy: Retain` on the bucket, a seeded fault, must
fail.
"""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / "target" / "tools" / "sam" / "bin" / "python"
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
# The same after another test: its functions are uploaded already.
PACKAGED = ROOT / "target" / "local" / "emulator" / "packaged.yaml"
TEMPLATE = PACKAGED if PACKAGED.exists() else BUILT
ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
PARAMETERS = {
    "Architecture": ARCHITECTURE, "OpenMode": "true", "RequireTls": "false", "DeletionProtection": "false",
    "ValidatorConcurrency": "0", "CompletionConcurrency": "0", "EventBusName": "default",
}
if __name__ == "__main__" and Path(sys.prefix).resolve() != PYTHON.parent.parent.resolve():
    os.execv(PYTHON, [PYTHON, *sys.argv])

import boto3  # noqa: E402
from botocore.exceptions import ClientError, WaiterError  # noqa: E402
from samcli.yamlhelper import yaml_dump, yaml_parse  # noqa: E402


class Account:
    """The emulator's account."""

    def __init__(self):
        stack = json.loads((ROOT / "target" / "local" / "stack.json").read_text())
        key = stack["credentials"]
        self.environment = {
            **os.environ, "AWS_ENDPOINT_URL": stack["endpoint"], "AWS_DEFAULT_REGION": stack["region"],
            "AWS_ACCESS_KEY_ID": key["accessKeyId"], "AWS_SECRET_ACCESS_KEY": key["secretAccessKey"],
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "SAM_CLI_TELEMETRY": "0",
        }
        self.environment.pop("AWS_PROFILE", None)
        session = boto3.Session(key["accessKeyId"], key["secretAccessKey"], region_name=stack["region"])
        clients = (session.client(name, endpoint_url=stack["endpoint"]) for name in ("cloudformation", "s3", "dynamodb"))
        self.cloudformation, self.s3, self.dynamodb = clients
        # The names of the buckets follow from the name of their stack.
        self.bucket = stack["bucket"].replace("sluice-local", "{}")

    def by_sam(self, name, template):
        """Deploys a template that needs SAM. Returns the status of the stack."""
        file = TEMPLATE.with_name(f"{name}.yaml")
        file.write_text(yaml_dump(template))
        parameters = [f"{key}={value}" for key, value in PARAMETERS.items()]
        command = [PYTHON, "-m", "samcli", "deploy", "--config-file", ROOT / "samconfig.toml", "--template-file", file,
                   "--stack-name", name, "--no-confirm-changeset", "--parameter-overrides", *parameters]
        with (ROOT / "target" / "local" / f"{name}.log").open("a") as log:
            subprocess.run(command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                           stderr=subprocess.STDOUT, check=False)
        file.unlink()
        return self.status(name)

    def directly(self, name, template):
        """Deploys a template without functions. Returns the status of the stack."""
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()]
        self.cloudformation.create_stack(StackName=name, TemplateBody=yaml_dump(template), Parameters=parameters)
        while (status := self.status(name)).endswith("_IN_PROGRESS"):
            time.sleep(0.2)
        return status

    def status(self, name):
        try:
            return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError:
            return "none"

    def delete(self, name):
        self.cloudformation.delete_stack(StackName=name)
        try:
            self.cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        except WaiterError as error:
            return str(error)
        return None

    def has_bucket(self, name):
        return self.bucket.format(name) in [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]

    def clean_up(self, name):
        """Removes a stack and what it keeps."""
        self.delete(name)
        if self.has_bucket(name):
            self.s3.delete_bucket(Bucket=self.bucket.format(name))
        for table in self.dynamodb.list_tables()["TableNames"]:
            if table.startswith(f"{name}-"):
                self.dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
                self.dynamodb.delete_table(TableName=table)


def broken(template):
    """A copy with a resource that can't be made, after the bucket, its policy and the table."""
    copy = yaml_parse(yaml_dump(template))
    kept = [name for name in ("Bucket", "BucketPolicy", "Table") if name in copy["Resources"]]
    copy["Resources"]["Broken"] = {
        "Type": "AWS::CloudFormation::WaitCondition", "DependsOn": kept,
        "Properties": {"Handle": {"Ref": "BrokenHandle"}, "Timeout": "1"},
    }
    copy["Resources"]["BrokenHandle"] = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    return copy


def stateful(template, **bucket):
    """Bucket and table alone."""
    copy = yaml_parse(yaml_dump(template))
    copy["Resources"] = {name: copy["Resources"][name] for name in ("Bucket", "Table")}
    copy["Resources"]["Bucket"].pop("DependsOn")
    copy["Resources"]["Bucket"]["Properties"].pop("NotificationConfiguration")
    copy["Resources"]["Bucket"].update(bucket)
    for section in ("Outputs", "Transform", "Globals"):
        copy.pop(section, None)
    return copy


def faults(account, deploy, name, template):
    """What is wrong with a failed first deployment and its repetition."""
    status = deploy(name, broken(template))
    if status != "ROLLBACK_COMPLETE":
        return [f"the first deployment should be rolled back: {status}"]
    found = [f"the bucket {account.bucket.format(name)} is still there"] if account.has_bucket(name) else []
    refused = account.delete(name)
    found += [f"the failed stack can't be deleted: {refused}"] if refused else []
    status = deploy(name, template)
    return found + ([] if status == "CREATE_COMPLETE" else [f"the second deployment should succeed: {status}"])


def main():
    started, account = time.monotonic(), Account()
    template = yaml_parse(TEMPLATE.read_text())
    # A fault that this test has to find.
    kept = stateful(template, DeletionPolicy="Retain")
    names = [f"sluice-{kind}-{os.getpid()}" for kind in ("again", "seeded", "small")]
    try:
        found = faults(account, account.by_sam, names[0], template)
        found += faults(account, account.directly, names[2], stateful(template))
        seeded = faults(account, account.directly, names[1], kept)
        if not any("still there" in fault for fault in seeded) or not any("second" in fault for fault in seeded):
            found.append(f"the seeded fault is not found: {seeded}")
    finally:
        for name in names:
            account.clean_up(name)
    print(*found, f"a failed first deployment repeated, {len(found)} faults; the seeded fault "
          f"{'found' if seeded else 'missed'}: {time.monotonic() - started:.1f} s", sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
