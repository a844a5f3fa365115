"""Checks docs/openapi.json against the code: problem codes, routes, Rust types, golden events and its own examples."""

import base64
import copy
import json
import re
from pathlib import Path

import jsonschema_rs
from schemathesis.specs.openapi.definitions import OPENAPI_31

ROOT = Path(__file__).parent.resolve().parent.parent

STATUSES = {
    "BAD_REQUEST": 400, "UNAUTHORIZED": 401, "FORBIDDEN": 403, "NOT_FOUND": 404, "CONFLICT": 409, "GONE": 410,
    "UNPROCESSABLE_ENTITY": 422, "TOO_MANY_REQUESTS": 429, "SERVICE_UNAVAILABLE": 503,
}

# Golden events whose body or parameters break the schema. All others are valid, also those that the policy refuses.
SCHEMA_ERRORS = {
    "presign/bad-bidi-filename", "presign/bad-missing-field", "presign/bad-negative-size", "presign/bad-not-json",
    "presign/bad-path-filename", "presign/bad-unknown-field", "presign/bad-empty-batch", "multipart-parts/bad-neither",
    "uploads/status-not-an-id", "uploads/statuses-not-an-id",
}

# (source file, struct, schema, whether it is read from a request)
TYPES = [
    ("shared/lambda/src/http/problem.rs", "ProblemBody", "Problem", False),
    ("shared/lambda/src/http/upload_request.rs", "ChecksumBody", "Checksum", True),
    ("shared/lambda/src/http/part_urls.rs", "PartUrl", "PartUrl", False),
    ("shared/lambda/src/http/part_urls.rs", "PartUrls", "PartUrls", False),
    ("functions/presign/src/wire.rs", "CreateBody", "CreateUpload", True),
    ("functions/presign/src/wire.rs", "CreateResponse", "PutGrant|PostGrant", False),
    ("functions/presign/src/wire.rs", "PolicyResponse", "Policy", False),
    ("functions/presign/src/wire.rs", "ClassLimits", "ClassLimits", False),
    ("functions/presign/src/wire.rs", "RuleLimits", "ClassLimits/properties/allow/items", False),
    ("functions/presign/src/batch.rs", "BatchBody", "CreateUploads", True),
    ("functions/uploads/src/statuses.rs", "StatusBody", "GetUploads", True),
    ("functions/uploads/src/statuses.rs", "StatusResult", "UploadStatus", False),
    ("functions/multipart-initiate/src/wire.rs", "CreateBody", "CreateMultipart", True),
    ("functions/multipart-initiate/src/wire.rs", "CreateResponse", "Session", False),
    ("functions/multipart-parts/src/wire.rs", "SignBody", "SignParts", True),
    ("functions/multipart-parts/src/wire.rs", "ListResponse", "PartList", False),
    ("functions/multipart-parts/src/wire.rs", "ListedPart", "ListedPart", False),
    ("functions/multipart-complete/src/wire.rs", "CompleteBody", "CompleteMultipart", True),
    ("functions/multipart-complete/src/wire.rs", "PartBody", "CompleteMultipart/properties/parts/items", True),
    ("functions/multipart-complete/src/wire.rs", "CompleteResponse", "CompletedUpload", False),
    ("functions/multipart-complete/src/wire.rs", "SessionStatus", "ClosedSession", False),
    ("functions/multipart-complete/src/wire.rs", "SessionStatus", "SessionCompleting", False),
    ("functions/uploads/src/wire.rs", "ListResponse", "UploadList", False),
    ("functions/uploads/src/wire.rs", "ContentResponse", "Content", False),
    ("functions/uploads/src/wire.rs", "DeleteResponse", "DeletedUpload", False),
    ("shared/policy/src/view.rs", "Upload", "Upload", False),
    ("shared/policy/src/view.rs", "NoteBody", "Note", False),
    ("shared/policy/src/view.rs", "SizeAndType", "Upload/properties/declared", False),
]


def operations(document):
    """Method and path, and the operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def resolve(document, node):
    while "$ref" in node:
        target = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return node


def make_validator(document, schema):
    """A validator of one schema of the document."""
    return jsonschema_rs.Draft202012Validator({"components": document["components"], "allOf": [schema]})


def check_structure(document):
    """The document is OpenAPI 3.1, and the targets of its references and links exist."""
    for error in jsonschema_rs.Draft202012Validator(OPENAPI_31).iter_errors(document):
        yield f"not OpenAPI 3.1: {error.message} at {list(error.instance_path)}"
    names = [operation["operationId"] for _, operation in operations(document)]
    if len(set(names)) != len(names):
        yield "two operations have one operationId"
    stack = [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                try:
                    resolve(document, node)
                except KeyError:
                    yield f"{node['$ref']} does not exist"
            if isinstance(node.get("operationId"), str) and node["operationId"] not in names:
                yield f"a link leads to {node['operationId']}, which does not exist"
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def check_codes(document):
    """Each problem code of the code is described under its own status, and no other code is."""
    source = (ROOT / "shared/lambda/src/http/problem.rs").read_text()
    start = source.index("\ncodes! {\n") + len("\ncodes! {\n")
    lines = source[start: source.index("\n}", start)].splitlines()
    rows = re.findall(r'^    \w+ "([a-z-]+)" ([A-Z_]+) ".+",$', "\n".join(lines), re.MULTILINE)
    known = {code: STATUSES[status] for code, status in rows}
    if len(known) != len(lines):
        yield "problem.rs has a line in its table of codes that this program can't read"
    described = set()
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            media = resolve(document, response).get("content", {}).get("application/problem+json")
            if not media:
                continue
            properties = media["schema"]["allOf"][1]["properties"]
            if properties["status"] != {"const": int(status)}:
                yield f"{name} {status}: the problem has another status"
            for code in properties["code"]["enum"]:
                described.add(code)
                if known.get(code) != int(status):
                    yield f"{name} {status}: {code} has the status {known.get(code, 'of no code')}"
    for name, schema in document["components"]["schemas"].items():
        for part in schema.get("allOf", []):
            for code in part.get("properties", {}).get("code", {}).get("enum", []):
                if code not in known:
                    yield f"{name}: {code} does not exist"
    yield from (f"{code} is not described" for code in sorted(set(known) - described))


def check_routes(document):
    """The operations are the template's routes, except Uppy's, and need a token where those do."""
    text = (ROOT / "template.yaml").read_text()
    keys = re.findall(r"^      RouteKey: (.+)$(?:\n.*?)*?^      AuthorizationType: (.+)$", text, re.MULTILINE)
    deployed = {key: "JWT" in authorization for key, authorization in keys if "/s3/" not in key}
    described = {
        name: any("bearer" in one for one in operation.get("security", document["security"]))
        for name, operation in operations(document)
    }
    for name in sorted(set(deployed) | set(described)):
        if name not in described:
            yield f"{name} is in the template and not described"
        elif name not in deployed:
            yield f"{name} is described and not in the template"
        elif deployed[name] != described[name]:
            yield f"{name}: template and description differ about the token"


def read_fields(source, struct, is_request):
    """The JSON names of a struct's fields, and those that are always there."""
    head = re.search(rf"((?:^\s*#\[.*\]\n|^\s*///.*\n)*)^(?:pub(?:\(crate\))? )?struct {struct}(?:<.*>)? \{{\n", source, re.MULTILINE)
    if not head:
        raise ValueError(f"struct {struct} is gone")
    body = source[head.end(): source.index("\n}", head.end())]
    is_camel = "camelCase" in head[1]
    names, required, attributes = set(), set(), ""
    for line in body.splitlines():
        line = line.strip()
        field = re.fullmatch(r"(?:pub(?:\(crate\))? )?(?:r#)?(\w+): (.+),", line)
        if line.startswith("#["):
            attributes += line
        elif field:
            name, kind = field.groups()
            if "flatten" in attributes:
                nested = (ROOT / "shared/lambda/src/http/part_urls.rs").read_text()
                inner = read_fields(nested, kind, is_request)
                names, required = names | inner[0], required | inner[1]
            else:
                if is_camel:
                    name = re.sub(r"_(\w)", lambda letter: letter[1].upper(), name)
                names.add(name)
                may_miss = (kind.startswith("Option<") or "default" in attributes) if is_request else "skip_serializing_if" in attributes
                if not may_miss:
                    required.add(name)
            attributes = ""
    return names, required


def check_types(document):
    """The schemas have the fields of the Rust types, and require the ones that are always there."""
    for file, struct, path, is_request in TYPES:
        try:
            names, required = read_fields((ROOT / file).read_text(), struct, is_request)
        except (OSError, ValueError) as error:
            yield f"{file}: {error}"
            continue
        schemas = []
        for one in path.split("|"):
            node = document["components"]["schemas"]
            for name in one.split("/"):
                node = node[name]
            schemas.append(node)
        described = set().union(*(schema["properties"] for schema in schemas))
        always = set.intersection(*(set(schema.get("required", [])) for schema in schemas))
        if described != names:
            yield f"{path} has the fields {sorted(described ^ names)} and {file} {struct} has not, or the reverse"
        if not (always <= required if "/declared" in path else always == required):
            yield f"{path} requires {sorted(always)}, {file} {struct} always has {sorted(required)}"
        if is_request and schemas[0].get("additionalProperties") is not False:
            yield f"{path}: the code refuses unknown fields"


def parse(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def check_events(document):
    """The golden events fit the schemas, except those that are schema errors."""
    described, seen = dict(operations(document)), set()
    for file in sorted(ROOT.glob("events/*/*.json")):
        event = json.loads(file.read_text())
        operation = described.get(event.get("routeKey")) if isinstance(event, dict) else None
        if not operation:
            continue
        name = f"{file.parent.name}/{file.stem}"
        seen.add(name)
        errors = []
        text = event.get("body")
        if event.get("isBase64Encoded"):
            text = base64.b64decode(text).decode()
        if request := operation.get("requestBody"):
            media = request["content"]["application/json"]
            if text:
                errors += [error.message for error in make_validator(document, media["schema"]).iter_errors(parse(text))]
                if errors == [] and parse(text) is None:
                    errors.append("not JSON")
            elif request["required"]:
                errors.append("no body")
            example = media["examples"].get(file.stem)
            if example and example["value"] != parse(text):
                yield f"the example {file.stem} of {event['routeKey']} differs from the golden event"
        for parameter in operation.get("parameters", []):
            parameter = resolve(document, parameter)
            place = {"path": "pathParameters", "query": "queryStringParameters", "header": "headers"}[parameter["in"]]
            values = event.get(place) or {}
            value = values.get(parameter["name"].lower() if place == "headers" else parameter["name"])
            if value is not None:
                is_number = parameter["schema"].get("type") == "integer" and value.isdigit()
                check = make_validator(document, parameter["schema"])
                errors += [error.message for error in check.iter_errors(int(value) if is_number else value)]
            elif parameter.get("required"):
                errors.append(f"no {parameter['name']}")
        if name in SCHEMA_ERRORS and not errors:
            yield f"events/{name}.json is valid by the description"
        if name not in SCHEMA_ERRORS and errors:
            yield f"events/{name}.json is not valid by the description: {errors}"
    yield from (f"events/{name}.json is gone" for name in sorted(SCHEMA_ERRORS - seen))


def check_examples(document):
    """Every example fits its schema."""
    for name, operation in operations(document):
        places = [("request", operation["requestBody"])] if "requestBody" in operation else []
        places += [(status, resolve(document, response)) for status, response in operation["responses"].items()]
        for place, node in places:
            for media in node.get("content", {}).values():
                check = make_validator(document, media["schema"])
                values = [(key, example["value"]) for key, example in media.get("examples", {}).items()]
                values += [("example", media["example"])] if "example" in media else []
                for key, value in values:
                    for error in check.iter_errors(value):
                        yield f"{name} {place}: the example {key} does not fit: {error.message}"


CHECKS = [check_structure, check_codes, check_routes, check_types, check_events, check_examples]


def find_faults(document):
    return [f"{check.__name__.removeprefix('check_')}: {fault}" for check in CHECKS for fault in check(document)]


def seeded_faults(document):
    """Copies of the document, each with one fault that must be found."""
    def edited(edit):
        changed = copy.deepcopy(document)
        edit(changed)
        return changed

    schemas = lambda d: d["components"]["schemas"]
    create = lambda d: d["paths"]["/uploads"]["post"]
    problem = lambda d, status: create(d)["responses"][status]["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]
    yield "a code too few", edited(lambda d: problem(d, "422")["code"]["enum"].remove("size-required"))
    yield "a code under another status", edited(lambda d: problem(d, "400")["code"]["enum"].append("too-large"))
    yield "a code that does not exist", edited(lambda d: problem(d, "400")["code"]["enum"].append("too-odd"))
    yield "a route too few", edited(lambda d: d["paths"].pop("/policy"))
    yield "a route too many", edited(lambda d: d["paths"].update({"/other": {"get": {**d["paths"]["/policy"]["get"], "operationId": "other"}}}))
    yield "a route without a token", edited(lambda d: d["paths"]["/policy"]["get"].update(security=[]))
    yield "a field too few", edited(lambda d: schemas(d)["Upload"]["properties"].pop("grantedType"))
    yield "a field that is not always there", edited(lambda d: schemas(d)["Upload"]["required"].append("judgedAt"))
    yield "a type that events do not have", edited(lambda d: schemas(d)["CreateUpload"]["properties"]["size"].update(type="string"))
    yield "a request that is too open", edited(lambda d: schemas(d)["CreateUpload"]["properties"]["filename"].pop("pattern"))
    yield "an example that does not fit", edited(lambda d: schemas(d)["Note"]["required"].append("evidence"))
    yield "a link into nothing", edited(lambda d: d["paths"]["/uploads/{id}"]["get"].update(operationId="readUpload"))


def check(path):
    """Prints the faults of the document; returns whether it has none."""
    document = json.loads(path.read_text())
    found = find_faults(document)
    seeded = list(seeded_faults(document))
    missed = [name for name, changed in seeded if not set(find_faults(changed)) - set(found)]
    found += [f"the seeded fault is not found: {name}" for name in missed]
    count = len(list(operations(document)))
    print(f"{path.name}: {count} operations, {len(found)} faults; {len(seeded) - len(missed)} seeded faults found", *found, sep="\n  ", flush=True)
    return not found
