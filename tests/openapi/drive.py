"""Drives a running stack from docs/openapi.json with schemathesis, and counts what each operation answered.

1. `walk` follows one single upload and one multipart upload from link to link.
2. `omit_token` sends every operation without a valid token.
3. `generate` sends valid and invalid requests to every operation.
4. `follow` lets schemathesis follow the links in any order.

A new operation needs no change here, unless its requests need files in S3 or values that a generator can't guess.
"""

import base64
import collections
import copy
import json
import random
import struct
import time
import uuid
import zlib

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, negative_data_rejection,
]
# Each entry of its request has its own result, so an invalid entry does not refuse the request.
ANSWERS_EACH_ENTRY = {"createUploads"}
# Seconds. API Gateway answers within 30 seconds.
TIMEOUT = 35
# Seconds that a verdict may take before the walk fails.
VERDICT_TIMEOUT = 60
# Shares of the requests.
SHARE_GENERATED = 0.45
SHARE_OTHER_OWNER = 0.08
SCENARIOS_PER_ROUND = 20
STEPS_PER_SCENARIO = 12
MAX_PRINTED_FAULTS = 20



def make_picture():
    """A PNG of one black pixel."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b"")]
    parts = [struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


PICTURE = make_picture()
PROGRAM = b"MZ".ljust(len(PICTURE), b"\0")


def make_unknown_id():
    """A well-formed upload id that does not exist."""
    return f"01a20297-88d3-7{uuid.uuid4().hex[:3]}-8000-{uuid.uuid4().hex[:12]}"


class BudgetSpent(KeyboardInterrupt):
    """All requests are sent, or the stack does not answer. Hypothesis passes a KeyboardInterrupt on."""


def close_schemas(document):
    """The document for tests: responses may have described fields only, and the token is not generated."""
    document = copy.deepcopy(document)
    # Without this, most invalid requests would have an invalid token and nothing else. `omit_token` tries those.
    document.pop("security")

    def close(node):
        if isinstance(node, dict):
            if "properties" in node and "allOf" not in node:
                node.setdefault("additionalProperties", False)
            for name, value in node.items():
                # A part of `allOf` describes some of the fields only.
                if name not in ("allOf", "oneOf") or "properties" not in node:
                    for one in value if isinstance(value, list) and name != "allOf" else [value]:
                        close(one)

    close(document["components"]["schemas"])
    return document


class Driver:
    def __init__(self, document, stack, limit, seed):
        self.document, self.stack, self.limit, self.seed = document, stack, limit, seed
        self.schema = schemathesis.openapi.from_dict(close_schemas(document))
        self.schema.config.update(base_url=stack["apiUrl"])
        self.operations = {}
        for result in self.schema.get_all_operations():
            operation = result.ok()
            self.operations[operation.definition.raw["operationId"]] = operation
        self.owner, self.other = (user["token"] for user in stack["users"][:2])
        self.random = random.Random(seed)
        self.session = requests.Session()
        self.sent = 0
        self.is_reachable = True
        self.statuses = {name: collections.Counter() for name in self.operations}
        self.codes = collections.Counter()
        self.faults = {}
        # The bytes of each upload that was sent, by id.
        self.files = {}
        self.deleted = set()
        # Sessions whose parts need a checksum.
        self.checksummed = set()

    def add_fault(self, name, what, case, response):
        key = (name, what.splitlines()[0])
        body = str(case.body)[:300] if case and isinstance(case.body, (dict, list, str)) else ""
        query = f"?{dict(case.query)}" if case and case.query else ""
        address = f"{case.method} {case.formatted_path}{query} {body}" if case else name
        answer = f"{response.status_code} {response.content[:500]!r}" if response is not None else ""
        self.faults.setdefault(key, f"{what}\n    {address}\n    {answer}")

    def auth_headers(self, token):
        return {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, case, token, check=CHECKS):
        """Sends and checks one request."""
        if self.sent >= self.limit:
            raise BudgetSpent
        try:
            response = case.call(headers=self.auth_headers(token), timeout=TIMEOUT, session=self.session, allow_redirects=False)
        except requests.RequestException as error:
            # Not passed on: Hypothesis would repeat the request.
            self.add_fault(case.operation.definition.raw["operationId"], f"no answer: {error.__class__.__name__}", case, None)
            self.is_reachable = False
            raise BudgetSpent from None
        self.check_response(case, response, token, check)
        return response

    def check_response(self, case, response, token, check=CHECKS):
        self.sent += 1
        name = case.operation.definition.raw["operationId"]
        self.statuses[name][response.status_code] += 1
        try:
            body = response.json()
        except ValueError:
            body = {}
        if isinstance(body, dict) and "code" in body:
            self.codes[body["code"]] += 1
        if name in ANSWERS_EACH_ENTRY:
            check = [one for one in check if one is not negative_data_rejection]
        try:
            case.validate_response(response, checks=check)
        except FailureGroup as group:
            for failure in group.exceptions:
                lines = [line for line in failure.message.splitlines() if line]
                place = [line.rstrip(":") for line in lines[1:] if line.startswith("Schema at")]
                self.add_fault(name, f"{failure.title}: {', '.join([*lines[:1], *place])}", case, response)
        if response.status_code >= 400:
            return
        if token not in (self.owner, self.other):
            self.add_fault(name, "answered without a valid token", case, response)
        identity = case.path_parameters.get("id") or case.path_parameters.get("sessionId")
        if token == self.other and identity:
            self.add_fault(name, "another owner reached the upload", case, response)
        if name == "deleteUpload":
            self.deleted.add(identity)
        elif identity in self.deleted and name in ("getUpload", "getContent"):
            self.add_fault(name, "a deleted upload is still there", case, response)

    # Values that a generator can't guess.

    def chance(self, probability):
        return self.random.random() < probability

    def prepare(self, case):
        """Often replaces a valid body by one that the shipped policy allows, so that uploads and sessions exist."""
        if case.meta and case.meta.generation.mode.is_negative:
            return
        name = case.operation.definition.raw["operationId"]
        if name == "createUpload" and self.chance(0.75):
            case.body = self.create_body(case.body)
            if self.chance(0.2):
                case.body["method"] = "POST"
            self.set_key(case)
        elif name == "createUploads" and self.chance(0.75):
            case.body = {"uploads": [self.create_body(None) for _ in range(self.random.randint(1, 3))]}
            self.set_key(case)
        elif name == "getUploads" and self.files and self.chance(0.75):
            case.body = {"ids": self.random.choices(list(self.files), k=self.random.randint(1, 5))}
        elif name == "createMultipart" and self.chance(0.75):
            case.body = self.create_body(case.body)
            if self.chance(0.3):
                case.body["partChecksum"] = "crc32"
            self.set_key(case)
        elif name == "signParts" and self.chance(0.75):
            case.body = self.random.choice([{"from": 1}, {"partNumbers": [1]}, {"from": 1, "count": 1}])
            if case.path_parameters.get("sessionId") in self.checksummed:
                case.body["checksums"] = {"1": base64.b64encode(struct.pack(">I", zlib.crc32(PICTURE))).decode()}
        elif name == "completeMultipart" and self.chance(0.75):
            case.body = {}
        elif name == "getPolicy" and case.query and self.chance(0.5):
            case.query = {"class": "default"}
        elif name == "getContent" and self.chance(0.8):
            self.wait(case.path_parameters.get("id"))

    def create_body(self, generated):
        body = {"filename": "photo.png", "size": len(PICTURE)}
        if self.chance(0.7):
            body["contentType"] = self.random.choice(["image/png", "", "application/octet-stream"])
        if isinstance(generated, dict) and isinstance(generated.get("metadata"), dict) and self.chance(0.3):
            body["metadata"] = dict(list(generated["metadata"].items())[:2])
        return body

    def set_key(self, case):
        if case.headers and "Idempotency-Key" in case.headers and self.chance(0.5):
            case.headers["Idempotency-Key"] = str(uuid.uuid4())

    def follow_up(self, case, response):
        """Sends the file to S3 after most grants."""
        name = case.operation.definition.raw["operationId"]
        if name == "signParts" and response.status_code == 200 and case.path_parameters["sessionId"] in self.checksummed:
            self.store_parts(name, response.json()["parts"], PICTURE)
        if response.status_code != 201 or not isinstance(case.body, dict) or case.body.get("size") != len(PICTURE):
            return
        if case.body.get("partChecksum"):
            self.checksummed.add(response.json()["sessionId"])
        content = PROGRAM if self.chance(0.2) else PICTURE
        if self.chance(0.85):
            self.store(name, response.json(), content)

    def store(self, name, grant, content):
        self.files[grant["id"]] = content
        if name == "createMultipart":
            self.store_parts(name, grant["parts"], content)
        elif grant["method"] == "POST":
            self.check_stored(name, requests.post(grant["url"], data=grant["fields"], files={"file": content}, timeout=TIMEOUT))
        else:
            self.check_stored(name, requests.put(grant["url"], content, headers=grant["headers"], timeout=TIMEOUT))

    def store_parts(self, name, parts, content):
        for part in parts:
            self.check_stored(name, requests.put(part["url"], content, headers=part["headers"], timeout=TIMEOUT))

    def check_stored(self, name, answer):
        # The same Idempotency-Key gives the same upload, which is stored send_one: 412.
        if not answer.ok and answer.status_code != 412:
            self.add_fault(name, f"S3 refused the file: {answer.status_code} {answer.text[:300]}", None, None)

    def wait(self, identity):
        """Waits for the verdict of an upload that was sent."""
        if identity not in self.files or identity in self.deleted:
            return None
        deadline = time.monotonic() + VERDICT_TIMEOUT
        while time.monotonic() < deadline:
            answer = self.session.get(f"{self.stack['apiUrl']}/uploads/{identity}", headers=self.auth_headers(self.owner), timeout=TIMEOUT)
            if not answer.ok or answer.json()["status"] != "validating":
                return answer.json().get("status")
            time.sleep(0.2)
        return "validating"

    # The parts.

    def make_case(self, name, body=None, query=None, headers=None, **path):
        operation = self.operations[name]
        more = {} if body is None else {"body": body, "media_type": "application/json"}
        return operation.Case(path_parameters=path, query=query or {}, headers=headers or {}, **more)

    def expect(self, status, name, token=None, check=CHECKS, **parts):
        case = self.make_case(name, **parts)
        response = self.send(case, token or self.owner, check)
        if response.status_code != status:
            self.add_fault(name, f"the walk expects {status}", case, response)
        return response.json() if response.content else {}

    def walk(self):
        png = {"filename": "photo.png", "size": len(PICTURE)}
        identity = {}
        for kind, content, method in [("accepted", PICTURE, "PUT"), ("rejected", PROGRAM, "PUT"), ("form", PICTURE, "POST")]:
            grant = self.expect(201, "createUpload", body={**png, "method": method})
            self.expect(404, "getUpload", id=grant["id"])
            self.store("createUpload", grant, content)
            identity[kind] = grant["id"]
        for kind, status in [("accepted", "accepted"), ("rejected", "rejected"), ("form", "accepted")]:
            if (found := self.wait(identity[kind])) != status:
                self.add_fault("createUpload", f"the verdict is {found}, not {status}", None, None)
            self.expect(200, "getUpload", id=identity[kind])
        self.expect(200, "getContent", id=identity["accepted"])
        self.expect(307, "getContent", id=identity["accepted"], query={"redirect": "1"})
        self.expect(200, "getContent", id=identity["accepted"], query={"disposition": "inline"})
        self.expect(409, "getContent", id=identity["rejected"])
        self.expect(404, "getContent", id=identity["accepted"], token=self.other)
        self.expect(200, "listUploads", query={"limit": 1})
        self.expect(400, "listUploads", query={"cursor": "abc"})
        for name in ("getUploads", "createUploads"):
            if name in self.operations:
                self.walk_many(name, png, identity)
        self.expect(404, "deleteUpload", id=identity["accepted"], token=self.other)
        self.expect(200, "deleteUpload", id=identity["accepted"])
        self.expect(404, "getUpload", id=identity["accepted"])
        self.expect(200, "getPolicy")
        self.expect(422, "getPolicy", query={"class": "no-such-class"})

        session = self.expect(201, "createMultipart", body=png)
        key = {"sessionId": session["sessionId"]}
        self.expect(200, "getUpload", id=session["id"])
        self.expect(200, "signParts", body={"from": 1}, **key)
        self.expect(422, "signParts", body={"partNumbers": [2]}, **key)
        self.expect(409, "completeMultipart", body={}, **key)
        self.store("createMultipart", session, PICTURE)
        part = self.expect(200, "listParts", **key)["parts"][0]
        self.expect(404, "listParts", token=self.other, **key)
        self.expect(200, "completeMultipart", body={"parts": [{"partNumber": 1, "etag": part["etag"]}]}, **key)
        self.expect(409, "signParts", body={"from": 1}, **key)
        self.wait(session["id"])
        self.expect(200, "getContent", id=session["id"])
        aborted = {"sessionId": self.expect(201, "createMultipart", body={"filename": "photo.png"})["sessionId"]}
        self.expect(404, "abortMultipart", token=self.other, **aborted)
        self.expect(200, "abortMultipart", **aborted)
        self.expect(410, "listParts", **aborted)

    def walk_many(self, name, png, identity):
        if name == "getUploads":
            ids = [identity["accepted"], identity["rejected"], make_unknown_id()]
            results = self.expect(200, name, body={"ids": ids})["results"]
            if [(one["id"], one["status"]) for one in results] != list(zip(ids, ["accepted", "rejected", "pending"])):
                self.add_fault(name, f"other results: {results}", None, None)
            hidden = self.expect(200, name, body={"ids": ids[:1]}, token=self.other)["results"]
            if hidden[0]["status"] != "pending":
                self.add_fault(name, "another owner sees the status", None, None)
        else:
            body = {"uploads": [png, {**png, "size": 5_000_000_001}, {**png, "filename": "run.exe"}]}
            results = self.expect(200, name, body=body)["results"]
            if [next(iter(one)) for one in results] != ["grant", "problem", "problem"]:
                self.add_fault(name, f"other results: {results}", None, None)
            many = self.expect(200, name, body={"uploads": [png] * 1000})
            if many.get("next", 1000) != len(many["results"]):
                self.add_fault(name, f"{len(many['results'])} results, and next is {many.get('next')}", None, None)
        self.expect(400, name, body={})

    def omit_token(self):
        """Every operation without a token, and with a wrong one; those with a body also with a body that is not JSON."""
        for name, operation in self.operations.items():
            path = {parameter.name: make_unknown_id() for parameter in operation.path_parameters}
            body = {} if operation.body else None
            for token in ("", "wrong"):
                case = self.make_case(name, body=body, **path)
                response = self.send(case, token)
                if response.status_code != 401:
                    self.add_fault(name, "the walk expects 401", case, response)
            if operation.body:
                self.send_not_json(name, path)

    def send_not_json(self, name, path):
        operation = self.operations[name]
        address = self.stack["apiUrl"] + operation.path.format(**path)
        headers = {**self.auth_headers(self.owner), "Content-Type": "application/json"}
        response = self.session.post(address, b"filename=photo.png", headers=headers, timeout=TIMEOUT)
        case = self.make_case(name, body={}, **path)
        self.check_response(case, response, self.owner)
        if response.status_code != 400:
            self.add_fault(name, "the walk expects 400 for a body that is not JSON", case, response)

    def generate(self):
        until = self.sent + int((self.limit - self.sent) * SHARE_GENERATED)
        each = max(2, (until - self.sent) // len(self.operations) // 2)
        for number, operation in enumerate(self.operations.values()):
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

                @hypothesis.seed(self.seed + number)
                @settings(max_examples=each, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
                @given(case=operation.as_strategy(generation_mode=mode))
                def send_one(case):
                    self.prepare(case)
                    self.send(case, self.owner)

                try:
                    send_one()
                except hypothesis.errors.Unsatisfiable:
                    # The operation has nothing that can be invalid.
                    pass

    def follow(self):
        driver = self

        class Workflow(self.schema.as_state_machine()):
            def before_call(self, case):
                driver.prepare(case)

            def call(self, case, **_):
                has_id = bool(case.path_parameters)
                token = driver.other if has_id and driver.chance(SHARE_OTHER_OWNER) else driver.owner
                return driver.send(case, token)

            def after_call(self, response, case):
                super().after_call(response, case)
                driver.follow_up(case, response)

            def validate_response(self, *_, **__):
                """`send` does it."""

        # A random session id gives 404 only, and `generate` tries those.
        for name in dir(Workflow):
            if name.startswith("RANDOM_") and "_sessionId_" in name:
                setattr(Workflow, name, None)
        round = 0
        while self.sent < self.limit:
            round += 1
            hypothesis.seed(self.seed + round)(Workflow)
            try:
                Workflow.run(settings=settings(
                    max_examples=SCENARIOS_PER_ROUND, stateful_step_count=STEPS_PER_SCENARIO, database=None, deadline=None,
                    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
                ))
            except hypothesis.errors.Flaky:
                # The same requests got other answers, because the stack has state. The next round starts with another seed.
                pass

    def run(self):
        for part in (self.walk, self.omit_token, self.generate, self.follow):
            begun, before = time.monotonic(), self.sent
            try:
                part()
            except BudgetSpent:
                pass
            except requests.RequestException as error:
                self.add_fault("stack", f"it does not answer: {error.__class__.__name__}", None, None)
                self.is_reachable = False
            if not self.is_reachable:
                return
            print(f"  {part.__name__}: {self.sent - before} requests, {time.monotonic() - begun:.0f} s", flush=True)

    def report(self):
        """Prints the counts and the faults; returns whether there are none."""
        unseen = []
        for name, operation in self.operations.items():
            counts = self.statuses[name]
            groups = ["  ".join(f"{status}×{counts[status]}" for status in sorted(counts) if status // 100 in group) for group in ((2, 3), (4,), (5,))]
            print(f"  {name:<18} {groups[0]:<22} {groups[1]}  {groups[2]}".rstrip())
            described = [int(status) for status in operation.definition.raw["responses"] if status[0] in "23"]
            unseen += [f"{name} {status}" for status in described if not counts[status]]
            for kind in (2, 4) if self.is_reachable else ():
                if not any(status // 100 == kind for status in counts):
                    self.add_fault(name, f"no {kind}xx was seen", None, None)
        known = json.dumps(self.document)
        print(f"  {len(self.codes)} problem codes seen; not seen: {', '.join(unseen) or 'nothing'}")
        for code in self.codes:
            if f'"{code}"' not in known:
                self.add_fault("any", f"the code {code} is not described", None, None)
        for (name, _), failure in list(self.faults.items())[:MAX_PRINTED_FAULTS]:
            print(f"  FAULT {name}: {failure}")
        return not self.faults


def drive(description, stack, limit, seed):
    """Sends `limit` requests; returns whether no fault was found."""
    begun = time.monotonic()
    driver = Driver(json.loads(description.read_text()), json.loads(stack.read_text()), limit, seed)
    driver.run()
    kept = driver.report()
    print(f"{driver.sent} requests, {len(driver.faults)} faults, {time.monotonic() - begun:.0f} s", flush=True)
    return kept
