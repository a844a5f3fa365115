"""Starts the AWS emulator (ministack) with five corrections.

The emulator adds the API's CORS headers to a function's answer, but not to the authorizer's 401 and 403. A page can't
read those, so it can't tell an expired token from a broken connection. docs/decisions/0011 has this difference.

It also serves an API below a path, which is no part of the path that a function receives. The header
`x-forwarded-prefix` tells the function.

It keeps an API's CORS settings under CloudFormation's names, `AllowOrigins`, and reads them as `allowOrigins`.

The right to send messages covers batches of them. On AWS no action is called sqs:SendMessageBatch.

The emulator has no GuardDuty. A protection plan is deployed as a name without effect, so that the local stack is the
template with the same parameters as on AWS.
"""

from ministack import app
from ministack.core import iam_actions
from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

action_from_target = iam_actions._action_from_target
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


def with_cors(handle):
    def lowered(value):
        if not isinstance(value, dict) or "CorsConfiguration" not in value:
            return value
        settings = {name[0].lower() + name[1:]: setting for name, setting in value["CorsConfiguration"].items()}
        return {**value, "CorsConfiguration": settings}

    return lambda *args, **options: handle(*map(lowered, args), **options)


api = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
api.update(create=with_cors(api["create"]), update=with_cors(api["update"]))

provisioners._RESOURCE_HANDLERS["AWS::GuardDuty::MalwareProtectionPlan"] = {
    "create": lambda logical_id, props, stack_name: (f"{stack_name}-{logical_id}", {}),
    "update": lambda physical_id, old_props, new_props, stack_name: (physical_id, {}),
    "delete": lambda physical_id, props: None,
}

if __name__ == "__main__":
    iam_actions._action_from_target = lambda headers: (action_from_target(headers) or "").removesuffix("Batch") or None
    apigateway._handle_execute_in_scope = answer
    app.main()
