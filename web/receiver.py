"""Receives the local stack's webhooks: verifies each delivery, prints a line for it, and tells the demo page.

python receiver.py PORT FILE EMULATOR SECRET_ARN...

FILE is a JSON array with the newest deliveries. EMULATOR is the address of the AWS emulator with the secrets.
"""

import json
import os
import sys
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from standardwebhooks import Webhook

MAX_BODY = 1_000_000
MAX_DELIVERIES = 1_000


class Receiver(ThreadingHTTPServer):
    def __init__(self, port, file, emulator, arns):
        root = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-central-1"}
        self.vault = boto3.client("secretsmanager", endpoint_url=emulator, **root)
        self.file, self.arns, self.webhooks, self.deliveries = file, arns, [], []
        self.lock = threading.Lock()
        self.write()
        super().__init__(("127.0.0.1", port), Handler)

    def read_secrets(self):
        values = [json.loads(self.vault.get_secret_value(SecretId=arn)["SecretString"]) for arn in self.arns]
        self.webhooks = [Webhook(value["current"]) for value in values]

    def verify(self, body, headers):
        """The event, or None if no secret fits."""
        for attempt in range(2):
            if attempt:
                self.read_secrets()  # They may be new.
            for webhook in self.webhooks:
                try:
                    return webhook.verify(body, headers)
                except Exception:  # A malformed header raises more than the library's own error.
                    continue
        return None

    def add(self, delivery):
        with self.lock:
            self.deliveries = [*self.deliveries, delivery][-MAX_DELIVERIES:]
            self.write()

    def write(self):
        """Replaces the file at once: a page never reads half of it."""
        os.makedirs(os.path.dirname(self.file), exist_ok=True)
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            json.dump(self.deliveries, file)
        os.replace(self.file + ".new", self.file)


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            return self.answer(413 if length.isdigit() else 411)
        body = self.rfile.read(int(length))
        event = self.server.verify(body, dict(self.headers))
        verified, now = event is not None, datetime.now(timezone.utc).isoformat(timespec="seconds")
        kind, data = (event["type"], event["data"]) if verified else (None, {})
        upload, event_id = data.get("id"), data.get("eventId")
        self.server.add({"id": upload, "type": kind, "eventId": event_id, "at": now, "verified": verified})
        print(now, f"{kind} {upload} verified" if verified else "a delivery that is NOT verified", flush=True)
        return self.answer(204 if verified else 401)

    def do_GET(self):
        self.answer(204)  # `cargo xtask up` asks whether it runs.

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass  # `do_POST` prints what matters.


if __name__ == "__main__":
    port, file, emulator, *arns = sys.argv[1:]
    Receiver(int(port), os.path.abspath(file), emulator, arns).serve_forever()
