"""After everything above: the checker over the town in containers, by the accounts that it has."""

import base64

import pytest

from deploy.local.kafka import SERVICES
from deploy.verify import Site as Checked
from deploy.verify import verify
from tests.containers.conftest import Site
from tests.containers.test_accounts import account

pytestmark = [pytest.mark.containers, pytest.mark.timeout(180, func_only=True)]


async def test_every_invariant_holds(site: Site, people: object) -> None:
    options = account(site, "admin")
    checked = Checked(
        databases=site.addresses.databases,
        kafka=options.pop("bootstrap_servers"),
        kafka_options={name: value for name, value in options.items() if name != "request_timeout_ms"},
        services=site.addresses.services,
        sinks=site.addresses.sinks,
        master_keys={name: base64.b64decode(site.secret(f"{name}/landa_master_key")) for name in SERVICES},
        service_token=site.keycloak.service_token,
    )
    report = await verify(checked, drained_within=60)
    print("\n".join(report.lines()))
    assert report.findings == [] and report.events > 0
