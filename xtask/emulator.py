"""Starts the AWS emulator (ministack) with two corrections.

The emulator adds the API's CORS headers to a function's answer, but not to the authorizer's 401 and 403. A page can't
read those, so it can't tell an expired token from a broken connection. docs/decisions/0011 has this difference.

It also serves an API below a path, which is no part of the path that a function receives. The header
`x-forwarded-prefix` tells the function.
"""

from ministack import app
from ministack.services import apigateway

answer_without_cors = apigateway._handle_execute_in_scope


async def answer(api_id, stage, path, method, headers, *rest):
    # Served below a path: the URLs that the API returns need it.
    if "execute-api" not in headers.get("host", ""):
        headers = {**headers, "x-forwarded-prefix": f"/_aws/execute-api/{api_id}"}
    status, answered, body = await answer_without_cors(api_id, stage, path, method, headers, *rest)
    cors = (apigateway._apis.get(api_id) or {}).get("corsConfiguration")
    if cors and status in (401, 403) and method != "OPTIONS":
        answered.update(apigateway._cors_response_headers(cors, headers.get("origin", "")))
    return status, answered, body


if __name__ == "__main__":
    apigateway._handle_execute_in_scope = answer
    app.main()
