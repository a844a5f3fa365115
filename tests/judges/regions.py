"""Expands the template for every region that botocore knows, and looks for names of another partition in it.

botocore's partitions.json has each region's partition and domain. Its endpoint rules have the addresses of S3, which
endpoints.tsv repeats for tests without Python: `python3 regions.py > endpoints.tsv` writes it.
"""

import functools
import json
import re
from pathlib import Path

import botocore
import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

from expand import STACK, TEMPLATE, Stack
from permissions import FIXED

PARTITIONS = json.loads((Path(botocore.__file__).parent / "data/partitions.json").read_text())["partitions"]
ENDPOINTS = Path(__file__).parent / "endpoints.tsv"
LONGEST_BUCKET_NAME = 63
# The longest stack name that docs/DEPLOY.md promises, for a region of 14 letters.
LONGEST_STACK_NAME = {"global": 27, "account-regional": 24}
# In every partition the name of a service as a principal ends with amazonaws.com. GuardDuty compares its own.
SERVICE_PRINCIPAL = re.compile(r"[a-z0-9-]+(\.guardduty)?\.amazonaws\.com")
SEEDED_FAULTS = {
    "an ARN of one partition": ("arn:${AWS::Partition}:sts::", "arn:aws:sts::"),
    "a domain of one partition": ("s3.${AWS::Region}.${AWS::URLSuffix}", "s3.${AWS::Region}.amazonaws.com"),
    "a region": ("arn:${AWS::Partition}:logs:${AWS::Region}:", "arn:${AWS::Partition}:logs:us-east-1:"),
}


def regions():
    """Every region: its name, its partition's name, domain and domain of dual-stack addresses."""
    for partition in PARTITIONS:
        outputs = partition["outputs"]
        for region in partition["regions"]:
            if not region.endswith("-global"):
                yield region, outputs["name"], outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]


def strings(node, path=""):
    """Every text in a document, with its place."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from strings(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from strings(value, f"{path}[{index}]")
    elif isinstance(node, str):
        yield path, node


def misplaced(stack, region, partition, suffix):
    """The texts that name another partition, domain or region."""
    arn = re.compile(r"arn:([a-z0-9-]*):[a-z0-9-]*:([a-z0-9-]*):")
    domain = re.compile(r"\b(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|amazonaws\.com\.cn)\b")
    for path, text in strings(stack.resources):
        for found in arn.finditer(text):
            if found[1] != partition or found[2] not in ("", region):
                yield f"{region}: {path} is {text}"
        principal = re.search(r"\.Principal(\.Service)?$|events:ManagedBy$", path)
        if principal and SERVICE_PRINCIPAL.fullmatch(text):
            continue
        if any(found[0] != suffix for found in domain.finditer(text)):
            yield f"{region}: {path} is {text}"


@functools.cache
def rules_of_s3():
    loader = botocore.session.get_session().get_component("data_loader")
    rules = loader.load_service_model("s3", "endpoint-rule-set-1")
    return EndpointProvider(rules, {"partitions": PARTITIONS, "version": "1.1"})


def endpoint_of_s3(region, bucket="uploads", **options):
    """A bucket's address without its scheme, by S3's endpoint rules; `none` where there is none."""
    try:
        endpoint = rules_of_s3().resolve_endpoint(Bucket=bucket, Region=region, UseFIPS=False, **options)
    except EndpointProviderError:
        return "none"
    return endpoint.url.removeprefix("https://")


def faults_of(text, every_region):
    found = []
    for region, partition, suffix, dual_suffix in every_region:
        for name, parameters in FIXED["stacks"].items():
            # ARNs of the parameters are the operator's, so they are of the region.
            own = {k: v.replace("arn:aws:", f"arn:{partition}:").replace("eu-central-1", region)
                   for k, v in parameters.items()}
            stack = Stack(own, partition=partition, region=region, suffix=suffix, text=text)
            found += misplaced(stack, region, partition, suffix)
            longest = LONGEST_STACK_NAME[stack.values["BucketNamespace"]] + 14 - len(region)
            if len(stack.ref("Bucket")) - len(STACK) + longest != LONGEST_BUCKET_NAME:
                found.append(f"{region}: a stack's name can't have {longest} letters")
    return found


def judge():
    """Returns the line to print and the faults."""
    every = list(regions())
    faults = faults_of(TEMPLATE.read_text(), every)
    if ENDPOINTS.read_text() != "".join(f"{line}\n" for line in table()):
        faults.append("endpoints.tsv is not what botocore says now: write it again, and read what changed")
    seeded = 0
    for fault, (before, after) in SEEDED_FAULTS.items():
        assert before in TEMPLATE.read_text(), f"the template changed: {before!r} for {fault} is not in it"
        found = faults_of(TEMPLATE.read_text().replace(before, after), [r for r in every if r[0] == "cn-north-1"])
        seeded += bool(found)
        faults += [] if found else [f"the seeded fault is not found: {fault}"]
    line = f"{len(every)} regions of {len(PARTITIONS)} partitions, {len(faults)} wrong; {seeded} seeded faults found"
    return line, faults


def table():
    """The lines of endpoints.tsv."""
    yield "region\tpartition\tdomain\tregional\tdualstack\taccelerate"
    for region, partition, suffix, _ in regions():
        addresses = [{}, {"UseDualStack": True}, {"Accelerate": True}]
        yield "\t".join((region, partition, suffix, *(endpoint_of_s3(region, **options) for options in addresses)))


if __name__ == "__main__":
    print("\n".join(table()))
