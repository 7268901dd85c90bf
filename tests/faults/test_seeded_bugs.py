"""The harness tested: each bug that was put in on purpose turns its scenario red, which without it is green."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.faults.bugs import applying, counting, deciding, publishing, telling
from tests.faults.bugs.seeded import Bug, Scenario
from tests.faults.ground import Ground
from tests.faults.proof import Caught, record

BUGS = [*publishing.BUGS, *applying.BUGS, *telling.BUGS, *deciding.BUGS, *counting.BUGS]
ALWAYS = {"cursor-relay", "no-gate", "new-message-id", "catch-all"}
SEEDED_SECONDS = 2.5


@pytest.fixture(scope="module")
def tally(request: pytest.FixtureRequest) -> Iterator[dict[str, bool]]:
    """Which were tried, and whether they were caught; said at the end."""
    tried: dict[str, bool] = {}
    yield tried
    with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{sum(tried.values())} of {len(tried)} seeded bugs caught")


@pytest.fixture(scope="module")
def clean() -> set[Scenario]:
    """The scenarios that were run without a bug and found nothing."""
    return set()


@pytest.mark.parametrize(
    "bug", [pytest.param(b, id=b.name, marks=[] if b.name in ALWAYS else [pytest.mark.long]) for b in BUGS]
)
async def test_caught(
    ground: Ground, bug: Bug, tally: dict[str, bool], clean: set[Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    tally[bug.name] = False
    if bug.scenario not in clean:
        assert await bug.scenario(ground) == [], "not clean without the bug"
        clean.add(bug.scenario)
    bug.sow(monkeypatch)
    found = await bug.scenario(replace(ground, patience=SEEDED_SECONDS))
    monkeypatch.undo()
    seen = [finding for finding in found if finding.split()[0] == bug.seen_by]
    record(Caught(bug=bug.name, what=bug.what, caught=seen[0] if seen else None))
    assert seen, f"{bug.what}: not seen; found {found}"
    tally[bug.name] = True


def test_no_two_bugs_share_a_name_and_those_that_always_run_exist() -> None:
    names = [bug.name for bug in BUGS]
    assert len(names) == len(set(names)) >= 14
    assert set(names) >= ALWAYS
