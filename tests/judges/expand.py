"""Expands template.yaml as CloudFormation does: the SAM transform, then conditions and intrinsic functions.

The transform is AWS's own (aws-sam-translator). Names and ARNs of resources are made up here, in AWS's form.
"""

import copy
import functools
import logging
import os
import re
from pathlib import Path

import yaml

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
from samtranslator.translator.transform import transform  # noqa: E402, it reads the region

# SAM's translator warns about usage metrics that it does not send.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

ACCOUNT = "111122223333"
STACK = "sluice"
TEMPLATE = Path(__file__).parents[2] / "template.yaml"
NO_VALUE = object()


class Loader(yaml.SafeLoader):
    """Reads `!Sub` and its like in their long form."""


def _intrinsic(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", _intrinsic)


class NoManagedPolicies:
    """The template names no managed policies, so the transform needs no list of them."""

    def load(self):
        return {}


@functools.lru_cache(maxsize=4)
def _transformed(text):
    template = yaml.load(text, Loader)
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/code"
    # SAM's validation knows no `Rules`. They create nothing.
    template.pop("Rules", None)
    defaults = {name: p.get("Default", "") for name, p in template["Parameters"].items()}
    return transform(template, defaults, NoManagedPolicies())


class Stack:
    """The resources of one deployment."""

    def __init__(self, parameters=None, *, partition="aws", region="eu-central-1", suffix="amazonaws.com", text=None):
        # A copy, because each stack has its own values in it.
        template = copy.deepcopy(_transformed(text or TEMPLATE.read_text()))
        self.declared = template["Resources"]
        self.mappings = template.get("Mappings", {})
        self.conditions = template["Conditions"]
        self.values = {name: str(p.get("Default", "")) for name, p in template["Parameters"].items()}
        unknown = set(parameters or {}) - set(self.values)
        assert not unknown, f"the template has no parameters {unknown}"
        self.values.update(parameters or {})
        self.lists = {n for n, p in template["Parameters"].items() if p["Type"] == "CommaDelimitedList"}
        self.pseudo = {
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::URLSuffix": suffix,
            "AWS::AccountId": ACCOUNT,
            "AWS::StackName": STACK,
            "AWS::StackId": f"arn:{partition}:cloudformation:{region}:{ACCOUNT}:stack/{STACK}/1",
            "AWS::NoValue": NO_VALUE,
        }
        self.present = {
            name: r for name, r in self.declared.items() if "Condition" not in r or self.holds(r["Condition"])
        }
        self.resources = {
            name: {"Type": r["Type"], "Properties": self.value(r.get("Properties", {}))}
            for name, r in self.present.items()
        }
        self.outputs = {
            name: self.value(output["Value"])
            for name, output in template.get("Outputs", {}).items()
            if "Condition" not in output or self.holds(output["Condition"])
        }

    def of_type(self, kind):
        """The properties of all resources of a type, by logical id."""
        return {name: r["Properties"] for name, r in self.resources.items() if r["Type"] == kind}

    def holds(self, name):
        return self.value(self.conditions[name])

    def value(self, node):
        """The value of a node, without intrinsic functions."""
        if isinstance(node, list):
            values = [self.value(item) for item in node]
            return [v for v in values if v is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument), = node.items()
            if name == "Ref":
                return self.ref(argument)
            if name == "Condition" and isinstance(argument, str):
                return self.holds(argument)
            if name.startswith("Fn::"):
                return self.function(name[4:], argument)
        values = {key: self.value(item) for key, item in node.items()}
        return {key: v for key, v in values.items() if v is not NO_VALUE}

    def function(self, name, argument):
        if name == "If":
            condition, yes, no = argument
            return self.value(yes if self.holds(condition) else no)
        if name == "GetAtt":
            resource, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
            return self.attribute(resource, attribute)
        if name == "Sub":
            text, names = (argument, {}) if isinstance(argument, str) else argument
            names = {key: self.value(v) for key, v in names.items()}
            return re.sub(r"\$\{([^!}]+)\}", lambda m: str(self.named(m[1], names)), text)
        arguments = self.value(argument)
        if name == "Equals":
            return str(arguments[0]) == str(arguments[1])
        if name == "Not":
            return not arguments[0]
        if name == "And":
            return all(arguments)
        if name == "Or":
            return any(arguments)
        if name == "FindInMap":
            return self.mappings[arguments[0]][str(arguments[1])][arguments[2]]
        if name == "Split":
            return arguments[1].split(arguments[0])
        if name == "Join":
            return arguments[0].join(arguments[1])
        raise ValueError(f"Fn::{name} is not known here")

    def named(self, name, names):
        if name in names:
            return names[name]
        return self.attribute(*name.split(".", 1)) if "." in name else self.ref(name)

    def arn(self, service, resource, *, region=True, account=True):
        region = self.pseudo["AWS::Region"] if region else ""
        account = ACCOUNT if account else ""
        return f"arn:{self.pseudo['AWS::Partition']}:{service}:{region}:{account}:{resource}"

    def ref(self, name):
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.values:
            value = self.values[name]
            return value.split(",") if name in self.lists else value
        assert name in self.present, f"{name} is referenced, but does not exist with these parameters"
        kind = self.declared[name]["Type"]
        properties = self.present[name].get("Properties", {})
        if kind == "AWS::S3::Bucket":
            return self.value(properties["BucketName"])
        if kind == "AWS::Logs::LogGroup":
            return self.value(properties["LogGroupName"])
        if kind == "AWS::SQS::Queue":
            region, suffix = self.pseudo["AWS::Region"], self.pseudo["AWS::URLSuffix"]
            return f"https://sqs.{region}.{suffix}/{ACCOUNT}/{STACK}-{name}"
        return f"{STACK}-{name}"

    def attribute(self, name, attribute):
        assert name in self.present, f"{name} is referenced, but does not exist with these parameters"
        kind, ref = self.declared[name]["Type"], self.ref(name)
        if attribute == "Arn":
            return {
                "AWS::S3::Bucket": lambda: self.arn("s3", ref, region=False, account=False),
                "AWS::DynamoDB::Table": lambda: self.arn("dynamodb", f"table/{ref}"),
                "AWS::SQS::Queue": lambda: self.arn("sqs", f"{STACK}-{name}"),
                "AWS::IAM::Role": lambda: self.arn("iam", f"role/{ref}", region=False),
                "AWS::Lambda::Function": lambda: self.arn("lambda", f"function:{ref}"),
                "AWS::Logs::LogGroup": lambda: self.arn("logs", f"log-group:{ref}:*"),
                "AWS::Events::Rule": lambda: self.arn("events", f"rule/{ref}"),
            }[kind]()
        if kind == "AWS::SecretsManager::Secret" and attribute == "Id":
            return self.arn("secretsmanager", f"secret:{name}-AbCdEf")
        if attribute == "StreamArn":
            return self.arn("dynamodb", f"table/{ref}/stream/2026-11-28T00:00:00.000")
        if attribute == "QueueName":
            return f"{STACK}-{name}"
        if attribute == "ApiEndpoint":
            return f"https://{ref}.execute-api.{self.pseudo['AWS::Region']}.{self.pseudo['AWS::URLSuffix']}"
        raise ValueError(f"{kind} has no attribute {attribute} here")


def policies(stack):
    """Every policy document of a stack: name and document."""
    for name, role in stack.of_type("AWS::IAM::Role").items():
        yield f"{name}, trust", role["AssumeRolePolicyDocument"]
        for policy in role.get("Policies", []):
            yield f"{name}, {policy['PolicyName']}", policy["PolicyDocument"]
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::KMS::Key"):
        for name, properties in stack.of_type(kind).items():
            yield name, properties.get("PolicyDocument") or properties["KeyPolicy"]
