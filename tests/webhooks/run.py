"""Installs what the receivers of docs/WEBHOOKS.md need, and checks them as they are printed there.

Each receiver gets the deliveries of DELIVERIES. `tests/it/webhook_receiver.rs` does the same with the receiver in Rust.

With `--delivery` each gets one delivery of a deployed stack, from standard input: `{"secret", "headers", "body"}`.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

HERE = Path(__file__).parent.resolve()
ROOT = HERE.parent.parent
HOME = ROOT / "target" / "tools" / "webhooks"

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
BODY = json.dumps({
    "type": "upload.accepted",
    "timestamp": "2026-11-28T10:00:00Z",
    "data": {"eventId": "01a2:v1:accepted", "id": "01a2", "status": "accepted", "filename": "naïve.png"},
}, ensure_ascii=False)

# The secret that signs, the age in seconds, the body that arrives, and the expected status.
DELIVERIES = {
    "signed": (SECRET, 0, BODY, 204),
    "signed with two secrets": (f"whsec_{'A' * 32} {SECRET}", 0, BODY, 204),
    "tampered": (SECRET, 0, BODY.replace("accepted", "rejected"), 401),
    "old": (SECRET, 600, BODY, 401),
    "signed with a wrong secret": (f"whsec_{'A' * 32}", 0, BODY, 401),
    "not signed": ("", 0, BODY, 401),
}


def headers(secrets, age):
    """The headers of a delivery, by the specification and without its library."""
    message, stamp = "evt_" + "0" * 32, str(int(time.time()) - age)
    text = f"{message}.{stamp}.{BODY}".encode()
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets.split()]
    signatures = [base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode() for key in keys]
    signed = {"webhook-signature": " ".join(f"v1,{signature}" for signature in signatures)} if keys else {}
    return {"content-type": "application/json", "webhook-id": message, "webhook-timestamp": stamp, **signed}


def deliveries():
    """Every delivery's headers and body, by its name."""
    return {name: (headers(secrets, age), body) for name, (secrets, age, body, _) in DELIVERIES.items()}


def example(language):
    """The document's first code block of a language that verifies a delivery."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / "WEBHOOKS.md").read_text(), re.DOTALL)
    return next(block for block in blocks if "verify(" in block)


def fastapi(sent_to_it):
    """Calls the FastAPI application as a server does."""
    names = {}
    exec(compile(example("python"), "docs/WEBHOOKS.md", "exec"), names)

    async def post(body, sent):
        scope = {"type": "http", "method": "POST", "path": "/webhooks/sluice", "query_string": b""}
        scope["headers"] = [(name.encode(), value.encode()) for name, value in sent.items()]
        answers = []

        async def receive():
            return {"type": "http.request", "body": body.encode()}

        async def send(message):
            answers.append(message)

        await names["app"](scope, receive, send)
        return answers[0]["status"]

    return {name: asyncio.run(post(body, sent)) for name, (sent, body) in sent_to_it.items()}


def next_route(sent_to_it):
    """Calls the route handler in Node: it is a function of a standard Request, so Next itself is not needed."""
    module = HERE / "node_modules" / "route.mjs"
    module.write_text(example("js"))
    script = """
      import { POST } from './node_modules/route.mjs'
      const statuses = {}
      for (const [name, [headers, body]] of Object.entries(JSON.parse(process.env.DELIVERIES))) {
        const request = new Request('http://localhost/webhooks/sluice', { method: 'POST', headers, body })
        statuses[name] = (await POST(request)).status
      }
      console.log(JSON.stringify(statuses))
    """
    node = ["node", "--input-type=module", "--eval", script]
    environment = {**os.environ, "DELIVERIES": json.dumps(sent_to_it)}
    ended = subprocess.run(node, cwd=HERE, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ended.stdout.splitlines()[-1])


def install():
    """Makes the virtual environment and the Node packages, if the lists of packages have changed."""
    lists = (HERE / "requirements.txt").read_text() + (HERE / "package-lock.json").read_text()
    stamp = HOME / "installed.txt"
    if stamp.exists() and stamp.read_text() == lists and (HERE / "node_modules").is_dir():
        return
    if not shutil.which("npm"):
        sys.exit("the receivers need Node with npm: install it")
    print("installing FastAPI and the standardwebhooks libraries: …", flush=True)
    venv.create(HOME, with_pip=True, clear=True)
    pip = [HOME / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "--requirement", HERE / "requirements.txt"], check=True)
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(npm, cwd=HERE, check=True)
    stamp.write_text(lists)


def main():
    if Path(sys.prefix).resolve() != HOME.resolve():
        install()
        python = HOME / "bin" / "python"
        os.execv(python, [python, *sys.argv])
    if "--delivery" in sys.argv:
        delivery = json.load(sys.stdin)
        os.environ["WEBHOOK_SECRET"] = delivery["secret"]
        one = {"real": (delivery["headers"], delivery["body"])}
        return any(receiver(one)["real"] != 204 for receiver in (fastapi, next_route))
    os.environ["WEBHOOK_SECRET"] = SECRET
    expected, failed = {name: status for name, (*_, status) in DELIVERIES.items()}, 0
    for name, receiver in (("FastAPI", fastapi), ("Next.js", next_route)):
        statuses = receiver(deliveries())
        pairs = [(which, statuses[which], status) for which, status in expected.items()]
        wrong = [f"{which}: {got} instead of {status}" for which, got, status in pairs if got != status]
        failed += bool(wrong)
        print(f"{name:<8} {len(expected)} deliveries, {len(wrong)} answered wrongly", *wrong, sep="\n  ", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
