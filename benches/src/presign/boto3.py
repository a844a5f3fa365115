"""The upload grant that most guides show, with the same loop as the Python runtime of Lambda."""

import http.client
import json
import os
import uuid

import boto3

s3 = boto3.client("s3")


def handler(event, _context):
    body = json.loads(event["body"])
    key = f"uploads/{uuid.uuid4()}"
    parameters = {"Bucket": os.environ["BUCKET"], "Key": key, "ContentType": body["contentType"]}
    url = s3.generate_presigned_url("put_object", Params=parameters, ExpiresIn=900)
    return {"statusCode": 201, "body": json.dumps({"url": url, "key": key})}


runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    runtime.request("GET", "/2018-06-01/runtime/invocation/next")
    response = runtime.getresponse()
    event = json.loads(response.read())
    request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
    result = json.dumps(handler(event, None)).encode()
    runtime.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", result)
    runtime.getresponse().read()
