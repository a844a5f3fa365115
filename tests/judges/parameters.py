"""Checks that CloudFormation refuses wrong parameters before it creates anything: parameters.tsv has the table.

The constraints and rules are evaluated here as CloudFormation documents them. `cargo xtask up` deploys the same rules to
the emulator, which has an evaluation of its own.
"""

import re
from pathlib import Path

import yaml

from expand import TEMPLATE, Loader

ROWS = Path(__file__).parent / "parameters.tsv"
DEPLOY = TEMPLATE.parent / "docs/DEPLOY.md"
SEEDED_FAULTS = {
    "a missing rule": ("RuleCondition: !Not [!Equals [!Ref JwtIssuer, \"\"]]", "RuleCondition: !Equals [a, b]"),
    "a missing bound": ("    MaxValue: 1000\n", ""),
    "a pattern that refuses an honest value": ("^$|^https://\\S+$", "^$|^https://\\S+[^/]$"),
    "a value without a mapping": ("30, 45, 60", "30, 31, 45, 60"),
}


def rows():
    for line in ROWS.read_text().splitlines():
        if not line.startswith("#"):
            expected, given, _ = line.split("\t")
            yield expected, dict(pair.split("=", 1) for pair in given.split(";") if pair)


def constraint_broken(name, declared, value):
    if "AllowedValues" in declared and value not in map(str, declared["AllowedValues"]):
        return f"{name} is none of the allowed values"
    if declared["Type"] == "Number":
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            return f"{name} is no number"
        if float(value) < declared.get("MinValue", float("-inf")) or float(value) > declared.get("MaxValue", float("inf")):
            return f"{name} is out of bounds"
    elif "AllowedPattern" in declared:
        members = value.split(",") if declared["Type"] == "CommaDelimitedList" else [value]
        if not all(re.fullmatch(declared["AllowedPattern"], member) for member in members):
            return f"{name} does not match its pattern"
    if len(value) > declared.get("MaxLength", 4096):
        return f"{name} is too long"
    return None


def holds(node, values):
    """The value of a rule's expression."""
    if not isinstance(node, dict):
        return node
    (name, argument), = node.items()
    if name == "Ref":
        return values[argument]
    parts = [holds(part, values) for part in argument]
    return {
        "Fn::Equals": lambda: str(parts[0]) == str(parts[1]),
        "Fn::Not": lambda: not parts[0],
        "Fn::And": lambda: all(parts),
        "Fn::Or": lambda: any(parts),
    }[name]()


def refusal(template, given):
    """Why CloudFormation refuses the parameters, or nothing."""
    declared = template["Parameters"]
    values = {name: str(given.get(name, p.get("Default", ""))) for name, p in declared.items()}
    unknown = set(given) - set(declared)
    if unknown:
        return f"there is no parameter {unknown}"
    for name, value in values.items():
        broken = constraint_broken(name, declared[name], value)
        if broken:
            return broken
    for name, rule in template["Rules"].items():
        if "RuleCondition" not in rule or holds(rule["RuleCondition"], values):
            for assertion in rule["Assertions"]:
                if not holds(assertion["Assert"], values):
                    return f"rule {name}"
    return None


def unconstrained(template):
    """Parameters without a constraint, and constraints without a sentence for the person who has to act."""
    for name, p in template["Parameters"].items():
        if not {"AllowedValues", "AllowedPattern", "MinValue", "MaxValue"} & set(p):
            yield f"{name} has no constraint"
        if "AllowedValues" not in p and "ConstraintDescription" not in p:
            yield f"{name} has no ConstraintDescription"
        if "Description" not in p:
            yield f"{name} has no Description"
        if f"`{name}`" not in DEPLOY.read_text():
            yield f"docs/DEPLOY.md does not mention {name}"
    timeouts = template["Parameters"]["ValidatorTimeout"]["AllowedValues"]
    for seconds in timeouts:
        mapped = template["Mappings"]["Visibility"].get(str(seconds), {}).get("Seconds")
        if mapped != str(6 * seconds):
            yield f"the visibility time-out for {seconds} s is {mapped}"


def faults_of(text):
    template = yaml.load(text, Loader)
    faults = list(unconstrained(template))
    for expected, given in rows():
        reason = refusal(template, given)
        if (reason is None) != (expected == "take"):
            faults.append(f"{given}: expected to {expected}, but: {reason or 'taken'}")
    return faults


def judge():
    """Returns the line to print and the faults."""
    text = TEMPLATE.read_text()
    faults = faults_of(text)
    taken = sum(expected == "take" for expected, _ in rows())
    refused = sum(expected == "refuse" for expected, _ in rows())
    seeded = 0
    for fault, (before, after) in SEEDED_FAULTS.items():
        assert before in text, f"the template changed: {before!r} for {fault} is not in it"
        found = faults_of(text.replace(before, after))
        seeded += bool(found)
        faults += [] if found else [f"the seeded fault is not found: {fault}"]
    return f"{taken} sets taken, {refused} refused, {len(faults)} wrong; {seeded} seeded faults found", faults
