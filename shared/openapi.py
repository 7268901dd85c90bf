"""`GET /<service>/openapi.json`: the JSON API as it runs, read from the routes themselves, so it cannot fall behind.

Health, forms, streams and pages are left out; what a page's address answers to programs is in. Which headers a command
needs is seen from what its function calls.
"""

from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.responses import JSONResponse

from shared.web.access import HEALTH, public, routes_with_needs

VERSION = "1.0.0"
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "errors", "trace"],
    "properties": {
        "type": {"type": "string", "example": "urn:landa:refusal:invalid-input"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stays the same in every language; decide by this."},
        "detail": {"type": "string", "description": "What is wrong and how to mend it, never the value itself."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["where", "what", "mend"],
                "properties": {name: {"type": "string"} for name in ("where", "what", "mend")},
            },
        },
        "trace": {"type": ["string", "null"], "description": "Quote it to those who run the system."},
    },
}
HEADERS = {
    "key_of": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
        "description": "One for each command; repeating it repeats the answer and nothing else.",
    },
    "expected_version": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]{1,15}"$'},
        "description": "The version that was seen: the ETag of the latest answer.",
    },
}


def routes(service: str) -> APIRouter:
    """The route of `service`'s description."""
    router = APIRouter(prefix=f"/{service}", include_in_schema=False)

    @router.get("/openapi.json", dependencies=[public()])
    async def description(request: Request) -> JSONResponse:
        """The JSON API, as OpenAPI 3.1."""
        app = request.app
        if not hasattr(app.state, "description"):
            app.state.description = describe(app, service)
        return JSONResponse(app.state.description)

    return router


def describe(app: FastAPI, service: str) -> dict[str, Any]:
    """The OpenAPI document of `app`."""
    wanted = {(d.method, d.path): d.needs for d in routes_with_needs(app)}
    endpoints = dict(_endpoints(app))
    found = get_openapi(title=f"Landa {service}", version=VERSION, openapi_version="3.1.0", routes=app.routes)
    paths: dict[str, Any] = {}
    for path, operations in found.get("paths", {}).items():
        for method, operation in operations.items():
            known = (method.upper(), path)
            if known in endpoints and known in wanted and _is_api(path, endpoints[known]):
                needed = wanted[known]
                roles = frozenset.intersection(*needed) if needed else None
                paths.setdefault(path, {})[method] = _operation(operation, endpoints[known], roles)
    components = found.get("components", {})
    schemas = {n: s for n, s in components.get("schemas", {}).items() if "ValidationError" not in n}
    components = components | {
        "schemas": schemas | {"Problem": PROBLEM},
        "responses": {
            "Problem": {
                "description": "No, with what, where and how to mend it.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        },
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    }
    return found | {"paths": paths, "components": components}


def _operation(operation: dict[str, Any], endpoint: FunctionType, roles: frozenset[str] | None) -> dict[str, Any]:
    given = {code: answer for code, answer in operation["responses"].items() if code.startswith("2")}
    called = set(_called(endpoint.__code__, endpoint.__globals__, set()))
    headers = [dict(header) for name, header in HEADERS.items() if name in called]
    if "if-match" in endpoint.__code__.co_consts:  # the function asks whether it came, so it may be left out
        headers = [h | {"required": False} if h["name"] == "If-Match" else h for h in headers]
    problem = {"$ref": "#/components/responses/Problem"}
    made = operation | {
        "parameters": operation.get("parameters", []) + headers,
        "responses": {"2XX": next(iter(given.values())), "4XX": problem, "5XX": problem},
        "security": [{"bearer": []}] if roles is not None else [{}, {"bearer": []}],
    }
    return made if roles is None else made | {"x-landa-roles": sorted(roles)}


def _endpoints(app: FastAPI) -> Iterator[tuple[tuple[str, str], FunctionType]]:
    for context in iter_route_contexts(app.routes):
        endpoint = getattr(context.original_route, "endpoint", None)
        if isinstance(context.original_route, APIRoute) and isinstance(endpoint, FunctionType):
            yield from (((method, context.path or ""), endpoint) for method in context.methods or ())


def _is_api(path: str, endpoint: FunctionType) -> bool:
    if path in HEALTH or "/forms/" in path or path.endswith("/events") or path.startswith("/auth/"):
        return False
    of_pages = "pages" in endpoint.__module__.rpartition(".")[2].split("_")
    is_page = of_pages and "wants_page" not in endpoint.__code__.co_names
    return path.endswith(".csv") or not is_page


def _called(code: CodeType, known: dict[str, Any], seen: set[CodeType]) -> Iterator[str]:
    """Names that a function uses, and those that our own functions which it names use in their turn."""
    if code in seen:
        return
    seen.add(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _called(constant, known, seen)
    for name in code.co_names:
        yield name
        used = known.get(name)
        if isinstance(used, FunctionType) and used.__module__.startswith(("services.", "shared.")):
            yield from _called(used.__code__, used.__globals__, seen)
