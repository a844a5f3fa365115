"""Evaluates every role, bucket and queue policy, and the functions' permissions, over the table requests.tsv.

@cloud-copilot/iam-simulate decides each request. The table says what the answer must be.
"""

import itertools
import json
import subprocess
from pathlib import Path

from expand import ACCOUNT, STACK, TEMPLATE, Stack

HERE = Path(__file__).parent
OTHER_ACCOUNT = "999988887777"
FUNCTIONS = ["presign", "initiate", "parts", "complete", "uploads", "validate", "forward", "notify", "reconcile"]
ALL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
# A KMS key's usual policy: IAM policies of the account decide.
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    ],
}
# A removed permission makes an allow wrong, a removed Deny makes a deny wrong, and so does one that is too wide.
SEEDED_FAULTS = {
    "a missing permission": ("[s3:GetObject, s3:GetObjectVersion, s3:DeleteObjectVersion]", "[s3:GetObject]"),
    "a missing Deny": ('                s3:if-none-match: "true"\n', '                s3:if-none-match: "false"\n'),
    "a permission too many": ("Action: dynamodb:PutItem\n", "Action: dynamodb:*\n"),
}


def requests():
    """Every request of the table: expected answer, stack, who, action, resource, context, reason."""
    for line in (HERE / "requests.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            expected, *lists, reason = line.split("\t")
            stacks, principals, actions, resources, contexts = (column.split(",") for column in lists)
            principals = FUNCTIONS if principals == ["functions"] else [
                each for p in principals for each in (FUNCTIONS if p == "functions" else [p])
            ]
            for combination in itertools.product(stacks, principals, actions, resources, contexts):
                yield expected, *combination, reason


class World:
    """One stack, with the names that the table uses."""

    def __init__(self, stack):
        self.stack = stack
        bucket = stack.attribute("Bucket", "Arn")
        table = stack.attribute("Table", "Arn")
        key = "1/ab/2026-11-28/alice/01900000-0000-7000-8000-000000000000"
        self.resources = {
            "*": "*",
            "bucket": bucket,
            "object": f"{bucket}/{key}",
            "root-object": f"{bucket}/object.png",
            "validation-object": f"{bucket}/malware-protection-resource-validation-object",
            "other-object": f"arn:aws:s3:::another/{key}",
            "table": table,
            "byOwner": f"{table}/index/byOwner",
            "byDue": f"{table}/index/byDue",
            "other-table": stack.arn("dynamodb", "table/another"),
            "stream": stack.attribute("Table", "StreamArn"),
            "queue": stack.attribute("Queue", "Arn"),
            "dlq": stack.attribute("DeadLetters", "Arn"),
            "completions": stack.attribute("Completions", "Arn"),
            "lost": stack.arn("sqs", f"{STACK}-LostAnnouncements"),
            "webhooks": stack.arn("sqs", f"{STACK}-WebhookQueue1"),
            "webhooks-3": stack.arn("sqs", f"{STACK}-WebhookQueue3"),
            "dead-webhooks": stack.arn("sqs", f"{STACK}-WebhookDeadLetters"),
            "secret": stack.arn("secretsmanager", "secret:WebhookSecret1-AbCdEf"),
            "secret-3": stack.arn("secretsmanager", "secret:WebhookSecret3-AbCdEf"),
            "other-secret": stack.arn("secretsmanager", "secret:another-AbCdEf"),
            "bus": stack.arn("events", "event-bus/default"),
            "other-bus": stack.arn("events", "event-bus/another"),
            "managed-rule": stack.arn("events", "rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3abc"),
            "other-rule": stack.arn("events", "rule/another"),
            "key": stack.values["KmsKeyArn"],
            "table-key": stack.values["TableKmsKey"],
            "api-logs": stack.arn("logs", "log-group:/sluice/sluice/api:log-stream:s"),
        }
        self.resource_policies = {
            bucket: stack.resources["BucketPolicy"]["Properties"]["PolicyDocument"],
            self.resources["queue"]: stack.resources["QueuePolicy"]["Properties"]["PolicyDocument"],
            self.resources["key"]: KEY_POLICY,
            self.resources["table-key"]: KEY_POLICY,
        }
        for name, role in stack.of_type("AWS::IAM::Role").items():
            self.resource_policies[stack.attribute(name, "Arn")] = role["AssumeRolePolicyDocument"]
        for name in stack.of_type("AWS::Lambda::Function"):
            self.resource_policies[stack.attribute(name, "Arn")] = self.function_policy(stack.attribute(name, "Arn"))

    def function_policy(self, function):
        """The policy that Lambda makes of a function's permissions."""
        statements = []
        for permission in self.stack.of_type("AWS::Lambda::Permission").values():
            if permission["FunctionName"] == function:
                condition = {"ArnLike": {"aws:SourceArn": permission["SourceArn"]}}
                if "SourceAccount" in permission:
                    condition["StringEquals"] = {"aws:SourceAccount": permission["SourceAccount"]}
                principal = {"Service": permission["Principal"]}
                statements.append({"Effect": "Allow", "Principal": principal, "Action": permission["Action"],
                                   "Resource": function, "Condition": condition})
        return {"Version": "2012-10-17", "Statement": statements} if statements else None

    def arn(self, name, who):
        kind, _, logical = name.partition(":")
        if name == "own-logs":
            group = self.stack.ref(f"{who.capitalize()}Logs")
            return self.stack.arn("logs", f"log-group:{group}:log-stream:s")
        if kind == "role" or kind == "function":
            return self.stack.attribute(logical, "Arn")
        if kind == "rule":
            return self.stack.attribute(logical, "Arn")
        return self.resources[name]

    def identity(self, who):
        """The principal, its policies, and what AWS adds to every request of it."""
        if who == "anonymous":
            return {"type": "Anonymous"}, [], {"aws:PrincipalType": "Anonymous"}
        if who.endswith(".amazonaws.com"):
            return who, [], {"aws:PrincipalServiceName": who, "aws:PrincipalIsAWSService": "true"}
        account, name, policies = ACCOUNT, who, [("all", ALL_RIGHTS)]
        if who == "stranger":
            account = OTHER_ACCOUNT
        elif who != "administrator":
            logical = f"{who.removesuffix('-with-all-rights').capitalize()}Role"
            name = self.stack.ref(logical)
            if not who.endswith("-with-all-rights"):
                role = self.stack.resources[logical]["Properties"]
                policies = [(p["PolicyName"], p["PolicyDocument"]) for p in role["Policies"]]
                policies += [(n, p["PolicyDocument"]) for n, p in self.stack.of_type("AWS::IAM::ManagedPolicy").items()
                             if name in p["Roles"]]
        session = f"arn:aws:sts::{account}:assumed-role/{name}/session"
        context = {"aws:PrincipalArn": f"arn:aws:iam::{account}:role/{name}", "aws:PrincipalAccount": account}
        return session, [{"name": n, "policy": p} for n, p in policies], context

    def simulation(self, who, action, resource, context):
        base, *changes = context.split(" ")
        values = dict(CONTEXTS[base])
        values = {k: self.arn(v[1:-1], who) if v.startswith("{") else v for k, v in values.items()}
        values.setdefault("aws:SecureTransport", "true")
        for change in changes:
            if change.startswith("-"):
                del values[change[1:]]
            else:
                name, value = change.split("=", 1)
                values[name] = value
        principal, policies, added = self.identity(who)
        arn = self.arn(resource, who)
        policy = next((p for owner, p in self.resource_policies.items()
                       if owner and (arn == owner or arn.startswith(f"{owner}/")) and p), None)
        return {
            "request": {
                "principal": principal,
                "action": action,
                "resource": {"resource": arn, "accountId": ACCOUNT},
                "contextVariables": {**added, **values},
            },
            "identityPolicies": policies,
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
            **({"resourcePolicy": policy} if policy else {}),
        }


FIXED = json.loads((HERE / "requests.json").read_text())
CONTEXTS = FIXED["contexts"]


def simulations(text):
    worlds = {name: World(Stack(parameters, text=text)) for name, parameters in FIXED["stacks"].items()}
    return [worlds[stack].simulation(*request) for _, stack, *request, _ in requests()]


def decide(batch):
    """The answers of iam-simulate."""
    node = subprocess.run(["node", HERE / "simulate.mjs"], input=json.dumps(batch), text=True, capture_output=True)
    assert node.returncode == 0, node.stderr
    return [json.loads(line) for line in node.stdout.splitlines()]


def wrong(answers):
    """The requests whose answer is not the expected one, and the answer."""
    for request, answer in zip(requests(), answers, strict=True):
        expected, *_ = request
        if "error" in answer or answer["ignored"]:
            yield request, answer
        elif (answer["result"] == "Allowed") != (expected == "allow"):
            yield request, answer


def unneeded():
    """The permissions of roles that no allowed request of the table uses."""
    used = {(who, action) for expected, _, who, action, *_ in requests() if expected == "allow"}
    for parameters in FIXED["stacks"].values():
        stack = Stack(parameters)
        for name, role in stack.of_type("AWS::IAM::Role").items():
            who = name.removesuffix("Role").lower()
            for policy in role["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    actions = statement["Action"]
                    for action in [actions] if isinstance(actions, str) else actions:
                        if (who, action) not in used:
                            yield f"no request of the table needs {action} of {who}"


def judge():
    """Returns the line to print and the faults."""
    text = TEMPLATE.read_text()
    texts = [text]
    for fault, (before, after) in SEEDED_FAULTS.items():
        assert text.count(before) == 1, f"the template changed: {before!r} for {fault} is not in it once"
        texts.append(text.replace(before, after))
    batches = [simulations(each) for each in texts]
    answers = decide([simulation for batch in batches for simulation in batch])
    size = len(batches[0])
    found = [list(wrong(answers[i * size : (i + 1) * size])) for i in range(len(texts))]
    faults = [f"{' '.join(map(str, request))}: {answer}" for request, answer in found[0]]
    faults += sorted(set(unneeded()))
    faults += [f"the seeded fault is not found: {name}" for name, those in zip(SEEDED_FAULTS, found[1:]) if not those]
    allows = sum(request[0] == "allow" for request in requests())
    seeded = sum(bool(those) for those in found[1:])
    return f"{allows} allows, {size - allows} denies, {len(found[0])} wrong; {seeded} seeded faults found", faults
