"""Asks parliament whether every action and condition key of every policy exists, and fits the resource."""

import json
import warnings

with warnings.catch_warnings():
    # It imports pkg_resources, which warns of its own end.
    warnings.simplefilter("ignore")
    import parliament

from expand import TEMPLATE, Stack, policies
from permissions import FIXED


# Each must become a finding.
SEEDED_FAULTS = {
    "a misspelled action": ("s3:GetObjectTagging", "s3:GetObjectTaging"),
    "a misspelled condition key": ("s3:signatureAge", "s3:signatureAges"),
    "an action of another resource": ("Action: [s3:ListBucket, s3:ListBucketVersions,", "Action: [s3:GetObject,"),
}


def findings(text):
    """What parliament finds, and the number of documents it read."""
    found, documents = set(), {}
    for parameters in FIXED["stacks"].values():
        for name, document in policies(Stack(parameters, text=text)):
            documents[json.dumps(with_resource(document))] = name
    for document, name in documents.items():
        for finding in parliament.analyze_policy_string(document).findings:
            found.add(f"{name}: {finding.issue} {finding.detail}")
    return found, len(documents)


def with_resource(document):
    """A trust policy names no resource, and parliament asks for one."""
    statements = [{"Resource": "arn:aws:iam::111122223333:role/any", **s} if "NotResource" not in s else s for s in document["Statement"]]
    return {**document, "Statement": statements}


def judge():
    """Returns the line to print and the faults."""
    text = TEMPLATE.read_text()
    faults, documents = findings(text)
    seeded = 0
    faults = sorted(faults)
    for fault, (before, after) in SEEDED_FAULTS.items():
        assert before in text, f"the template changed: {before!r} for {fault} is not in it"
        found = findings(text.replace(before, after))[0] - set(faults)
        seeded += bool(found)
        faults += [] if found else [f"the seeded fault is not found: {fault}"]
    return f"{documents} policy documents, {len(faults)} wrong; {seeded} seeded faults found", faults
