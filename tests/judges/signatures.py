"""Signs presigned URLs and POST forms again with botocore, and compares.

    python3 signatures.py < SAMPLES        prints `N URLs and M forms, W wrong`, and fails if there is one that is wrong
    python3 signatures.py --example        prints one sample of each kind, made by botocore

SAMPLES has one JSON object a line. Members of every sample:

    kind          "url" or "form"
    style         "regional", "dualstack", "accelerate", or "custom" with an `endpoint` such as "http://127.0.0.1:9000"
    region        "eu-central-1"
    bucket, key   plain text, not encoded
    credentials   {"accessKeyId": "...", "secretAccessKey": "...", "sessionToken": "..."}, the last may be missing
    time          when it was signed: "20261128T120000Z"
    expires       seconds
    url           what is tested: the presigned URL, or the form's address

A URL has besides:

    method        "PUT"
    headers       every signed header except `host`: {"content-length": "5", "if-none-match": "*"}
    query         every parameter of the operation: {"partNumber": "1", "uploadId": "u"}

A form has besides:

    fields        all of them, `policy` and `x-amz-signature` too
    range         [smallest, largest] size of the file, or missing
"""

import base64
import datetime
import json
import sys
from unittest import mock
from urllib.parse import parse_qsl, quote, urlsplit

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from regions import endpoint_of_s3

FORMAT = "%Y%m%dT%H%M%SZ"
STYLES = {"regional": {}, "dualstack": {"UseDualStack": True}, "accelerate": {"Accelerate": True}}
KEYS = {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}


def address(sample):
    """The bucket's address, by S3's endpoint rules: no slash at the end."""
    if sample["style"] == "custom":
        return f"{sample['endpoint'].rstrip('/')}/{sample['bucket']}"
    return f"https://{endpoint_of_s3(sample['region'], bucket=sample['bucket'], **STYLES[sample['style']])}"


def signed_at(sample):
    return datetime.datetime.strptime(sample["time"], FORMAT)


def signer(kind, sample, *arguments):
    own = sample["credentials"]
    credentials = Credentials(own["accessKeyId"], own["secretAccessKey"], own.get("sessionToken"))
    return kind(credentials, "s3", sample["region"], *arguments)


def problem_of_url(sample):
    """What is wrong with a presigned URL, or nothing."""
    request = AWSRequest(
        method=sample["method"],
        url=f"{address(sample)}/{quote(sample['key'], safe='/~')}",
        headers=sample["headers"],
        params=sample["query"],
    )
    auth = signer(botocore.auth.S3SigV4QueryAuth, sample, sample["expires"])
    with mock.patch("botocore.auth.get_current_datetime", lambda: signed_at(sample)):
        auth.add_auth(request)
    ours, theirs = urlsplit(sample["url"]), urlsplit(request.prepare().url)
    for part in ("scheme", "netloc", "path"):
        if getattr(ours, part) != getattr(theirs, part):
            return f"{part} is {getattr(ours, part)}, botocore has {getattr(theirs, part)}"
    ours, theirs = (sorted(parse_qsl(url.query, keep_blank_values=True)) for url in (ours, theirs))
    if ours != theirs:
        return f"the query differs: only here {[p for p in ours if p not in theirs]}, " \
               f"only in botocore {[p for p in theirs if p not in ours]}"
    return None


def problem_of_form(sample):
    """What is wrong with a form, or nothing."""
    fields = dict(sample["fields"])
    if sample["url"].rstrip("/") != address(sample):
        return f"the address is {sample['url']}, not {address(sample)}"
    policy = json.loads(base64.b64decode(fields["policy"]))
    request = AWSRequest(method="POST", url=sample["url"])
    request.context["timestamp"] = sample["time"]
    auth = signer(botocore.auth.S3SigV4PostAuth, sample)
    token = sample["credentials"].get("sessionToken")
    expected = {
        "key": sample["key"],
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": auth.scope(request),
        "x-amz-date": sample["time"],
        "x-amz-signature": auth.signature(fields["policy"], request),
        **({"x-amz-security-token": token} if token else {}),
    }
    for name, value in expected.items():
        if fields.get(name) != value:
            return f"the field {name} is {fields.get(name)}, botocore has {value}"
    exact = {"bucket": sample["bucket"]}
    exact.update({k: v for k, v in fields.items() if k not in ("policy", "x-amz-signature")})
    found, sizes = {}, None
    for condition in policy["conditions"]:
        if isinstance(condition, dict):
            found.update(condition)
        elif condition[0] == "eq":
            found[condition[1].removeprefix("$")] = condition[2]
        elif condition[0] == "content-length-range":
            sizes = condition[1:]
        else:
            return f"the condition {condition} is not exact"
    if found != exact:
        return f"the policy's conditions are {found}, the fields {exact}"
    if sizes != sample.get("range"):
        return f"the size range is {sizes}, not {sample.get('range')}"
    expires = signed_at(sample) + datetime.timedelta(seconds=sample["expires"])
    stated = policy["expiration"].replace(".000Z", "Z")
    if stated != expires.strftime("%Y-%m-%dT%H:%M:%SZ"):
        return f"the policy expires at {stated}, not {expires}"
    return None


def problems(samples):
    """Number and problem of every sample that is wrong."""
    for number, sample in enumerate(samples, 1):
        try:
            problem = problem_of_url(sample) if sample["kind"] == "url" else problem_of_form(sample)
        except (KeyError, ValueError) as error:
            problem = f"not a sample: {error!r}"
        if problem:
            yield f"sample {number}: {problem}"


def own_samples():
    """Samples that botocore's client makes, which also chooses their address."""
    for style, token, key in (
        ("regional", None, "1/ab/2026-11-28/alice/x"),
        ("regional", "token/+=", "1/ab/ü ~x+y'(z)*/$&@=;:?,.png"),
        ("dualstack", "token", "1/ab/x"),
        ("accelerate", "token", "1/ab/x"),
    ):
        config = botocore.config.Config(signature_version="s3v4", s3={
            "addressing_style": "virtual", "use_dualstack_endpoint": style == "dualstack",
            "use_accelerate_endpoint": style == "accelerate",
        })
        client = botocore.session.get_session().create_client(
            "s3", "eu-central-1", config=config, aws_access_key_id=KEYS["accessKeyId"],
            aws_secret_access_key=KEYS["secretAccessKey"], aws_session_token=token,
        )
        base = {
            "style": style, "region": "eu-central-1", "bucket": "sluice-uploads", "key": key, "expires": 900,
            "time": "20261128T120000Z", "credentials": {**KEYS, **({"sessionToken": token} if token else {})},
        }
        names = {"Bucket": base["bucket"], "Key": key}
        with mock.patch("botocore.auth.get_current_datetime", lambda: signed_at(base)), \
                mock.patch("botocore.signers.get_current_datetime", lambda **_: signed_at(base)):
            put = client.generate_presigned_url(
                "put_object", {**names, "ContentType": "image/png", "ContentLength": 5, "IfNoneMatch": "*"}, 900)
            part = client.generate_presigned_url("upload_part", {**names, "PartNumber": 7, "UploadId": "u+/="}, 900)
            form = client.generate_presigned_post(
                **names, Fields={"content-type": "image/png"},
                Conditions=[{"content-type": "image/png"}, ["content-length-range", 1, 9]], ExpiresIn=900)
        headers = {"content-length": "5", "content-type": "image/png", "if-none-match": "*"}
        yield {"kind": "url", **base, "method": "PUT", "headers": headers, "query": {}, "url": put}
        query = {"partNumber": "7", "uploadId": "u+/="}
        yield {"kind": "url", **base, "method": "PUT", "headers": {}, "query": query, "url": part}
        yield {"kind": "form", **base, **form, "range": [1, 9]}


def seeded_faults(samples):
    """Copies of the samples, each with one fault."""
    url, part, form = samples[:3]
    yield {**url, "url": url["url"][:-1] + ("0" if url["url"][-1] != "0" else "1")}, "a signature"
    yield {**url, "headers": {**url["headers"], "content-length": "6"}}, "a header's value"
    yield {**url, "url": url["url"].replace("eu-central-1.amazonaws.com", "amazonaws.com")}, "an address"
    yield {**part, "query": {**part["query"], "partNumber": "8"}}, "a part's number"
    yield {**form, "range": [1, 10]}, "a size range"
    yield {**form, "fields": {**form["fields"], "x-amz-meta-a": "b"}}, "a field outside the policy"


def judge():
    """Returns the line to print and the faults: a test of this judge on botocore's own samples."""
    samples = list(own_samples())
    faults = list(problems(samples))
    line = f"{len(samples)} samples signed again, {len(faults)} wrong; "
    seeded = list(seeded_faults(samples))
    missed = [name for sample, name in seeded if not list(problems([sample]))]
    faults += [f"the seeded fault is not found: {name}" for name in missed]
    return f"{line}{len(seeded) - len(missed)} seeded faults found", faults


if __name__ == "__main__":
    if "--example" in sys.argv:
        for sample in list(own_samples())[:3]:
            print(json.dumps(sample))
        sys.exit()
    given = [json.loads(line) for line in sys.stdin if line.strip()]
    found = list(problems(given))
    forms = sum(sample.get("kind") == "form" for sample in given)
    print("\n".join([*found, f"{len(given) - forms} URLs and {forms} forms, {len(found)} wrong"]))
    sys.exit(bool(found) or not given)
