"""Who may do what: every route of every service, as every role, as nobody, through the town's one address."""

import re
from importlib import import_module
from uuid import uuid4

import pytest

from shared.identity import ROLES
from shared.process import build
from shared.settings import SERVICES
from shared.web.access import routes_with_needs
from tests.shared.conftest import settings_for

EXAMPLES = {
    "year": "2018",
    "table": "received.csv",
    "item": "1",
    "number": "1",
    "name": "x",
    "source": "x",
    "theme": "reception",
    "figure": "open-cases",
    "part": "all",
    "kind": "quota",
    "command": "republish",
    "step": "proposal",
}


def routes(service: str):
    module = import_module(f"services.{service}.app")
    app = build(module.service(settings_for(service, "postgresql://nobody@127.0.0.1:1/x", "127.0.0.1:1")))
    return routes_with_needs(app)


def concrete(path: str) -> str:
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda m: EXAMPLES.get(m[1], str(uuid4())), path)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_as_every_role_and_as_nobody(people, service):
    seen = 0
    for route in routes(service):
        if not route.path.startswith((f"/{service}/", "/auth", "/")) or "/static" in route.path:
            continue
        if route.path in {"/livez", "/readyz", "/readyz/consumer", "/metrics"} or "/events" in route.path:
            continue
        path, body = concrete(route.path), {} if route.method in {"GET", "HEAD"} else {"json": {}}
        address = people.town.addresses.public_url + path
        nobody = await people.http.request(route.method, address, headers={"accept": "application/json"}, **body)
        where = f"{route.method} {route.path}"
        if route.needs is None:
            assert nobody.status_code not in {401, 500}, where
            continue
        assert nobody.status_code in {400, 401, 403}, (where, nobody.status_code)
        allowed = frozenset.intersection(*route.needs)
        for role in sorted(ROLES):
            answer = await people.ask(role, route.method, path, **body)
            seen += 1
            if role in allowed:
                assert answer.status_code not in {401, 403, 500, 502, 503, 504}, (where, role, answer.status_code)
            else:
                assert answer.status_code == 403, (where, role, answer.status_code)
    assert seen > 20


async def test_health_and_metrics_are_not_reachable_through_the_front(people):
    for path in ("/livez", "/readyz", "/metrics", "/reception/../metrics"):
        answer = await people.http.get(people.town.addresses.public_url + path)
        assert answer.status_code == 404, path
