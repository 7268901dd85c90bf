"""The house rules that a machine can hold: what a pure module may touch, where SQL and Kafka may stand."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from faststream import AckPolicy

from shared.contracts import CATALOGUE, Event, reception
from shared.messaging import Inlet
from tests.shared.conftest import settings_for

ROOT = Path(__file__).parents[1]
SERVICES = [path for path in sorted((ROOT / "services").iterdir()) if (path / "app.py").exists()]
PURE_NAMES = {"domain.py", "rules.py", "projection.py", "alarms.py"} | {
    name + ".py"
    for name in (
        "arrivals",
        "assignment",
        "case",
        "closing",
        "collecting",
        "commands",
        "contacts",
        "days",
        "deadlines",
        "edition",
        "hours",
        "households",
        "housing",
        "nomination",
        "plans",
        "prize",
        "quotas",
        "review",
        "sight",
        "steps",
        "struck",
        "suppression",
        "projection_casework",
        "projection_notifications",
    )
}
# Standard library modules that would bring time, chance, the environment or the outside into a rule.
IMPURE = {"os", "random", "time", "asyncio", "secrets", "socket", "subprocess", "threading", "urllib", "http"}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def pure_modules() -> list[Path]:
    return [path for path in sources("services") if path.name in PURE_NAMES]


@pytest.mark.parametrize("path", pure_modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_pure_modules_await_nothing_and_know_no_clock_chance_or_environment(path):
    tree = ast.parse(path.read_text())
    own = f"services.{path.relative_to(ROOT / 'services').parts[0]}"
    for name in imports(tree):
        top = name.partition(".")[0]
        if top == "shared":
            assert name.startswith(("shared.contracts", "shared.decider")), name
        elif top == "services":
            assert name.startswith(own), name
            module = ROOT / Path(*name.split(".")).with_suffix(".py")
            if not module.exists():
                continue
            assert module.name in PURE_NAMES or not any(
                isinstance(n, ast.Await) for n in ast.walk(ast.parse(module.read_text()))
            )
        else:
            assert top in sys.stdlib_module_names and top not in IMPURE, name
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Await | ast.AsyncFunctionDef), f"line {node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in {"now", "today", "utcnow", "uuid4"}, f"line {node.lineno}: .{node.func.attr}()"


def test_sql_stands_in_the_store_only():
    statement = re.compile(
        r"^\s*(select\s.+\sfrom|insert\s+into|update\s+\w+\s.*set|delete\s+from|with\s+\w+\s+as)\b", re.I | re.S
    )
    wrong = []
    for path in sources("services"):
        if path.name.startswith("store"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and statement.match(node.value):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_kafka_and_faststream_are_named_in_one_package():
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources("services", "shared")
        if path.parent != ROOT / "shared" / "messaging"
        and any(name.split(".")[0] in {"aiokafka", "faststream"} for name in imports(ast.parse(path.read_text())))
    ]
    assert wrong == []


def test_every_subscriber_acknowledges_by_hand_and_starts_from_the_beginning():
    inlet = Inlet(settings_for("reporting", "postgresql://x", "127.0.0.1:1"), "reception", "group", None)
    broker = inlet.build()
    (subscriber,) = broker.subscribers
    assert subscriber.ack_policy is AckPolicy.MANUAL
    assert subscriber._connection_args["auto_offset_reset"] == "earliest"
    assert subscriber._connection_args["enable_auto_commit"] is False
    assert "KafkaBroker(" not in "".join(p.read_text() for p in sources("services", "deploy"))


def test_every_server_keeps_idle_connections_longer_than_any_client_of_ours():
    """httpx keeps them for five seconds, as uvicorn does when it is not told: now and then a request met the end."""
    served = [
        {keyword.arg for keyword in node.keywords}
        for path in sources("shared", "deploy")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "uvicorn.run"
    ]
    assert len(served) == 4 and all("timeout_keep_alive" in names for names in served)


def test_names_say_what_and_files_stay_short():
    banned = {"utils.py", "helpers.py", "common.py", "base.py", "manager.py", "models.py", "service.py"}
    files = list(sources("services", "shared", "deploy", "tests"))
    assert [p for p in files if p.name in banned] == []
    assert [str(p.relative_to(ROOT)) for p in files if len(p.read_text().splitlines()) > LONGEST.get(p.name, 300)] == []


# Files that are longer, each with its reason.
LONGEST: dict[str, int] = {}


@pytest.mark.parametrize("folder", [ROOT / "shared", *SERVICES], ids=lambda folder: folder.name)
def test_migrations_are_numbered_without_a_gap_or_a_double(folder):
    numbers = sorted(int(path.name[:4]) for path in (folder / "migrations").glob("*.sql"))
    assert numbers == list(range(1, len(numbers) + 1)) != []


def test_every_service_has_the_same_file_names():
    for service in SERVICES:
        names = {path.name for path in service.iterdir()}
        assert {"domain.py", "handlers.py", "store.py", "http.py", "pages.py", "app.py", "texts.toml"} <= names | (
            {"domain.py", "handlers.py"} if service.name == "reporting" else set()
        ), service.name


def test_no_registry_host_and_no_path_of_a_machine_is_written_anywhere():
    # Written in halves, so that this file does not name them either.
    halves = [("python", "hosted"), ("pypi", ".org"), ("registry", ".npmjs"), ("repo1", ".maven"), ("deb", ".debian")]
    halves += [("/ro", "ot/"), ("/wo", "rk/")]
    banned = re.compile("|".join(re.escape(first + second) for first, second in halves))
    wrong = []
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if (
            path.exists()
            and path != Path(__file__)
            and path.suffix != ".png"
            and banned.search(path.read_text(errors="ignore"))
        ):
            wrong.append(name)
    assert listed.returncode == 0 and listed.stdout
    assert wrong == []


CONTRACTS = {"reception": {"reception", "casework"}, "awards": {"awards"}, "notifications": {"notifications"}}


def published(service: str) -> set[type[Event]]:
    """The event classes of the service's contract modules."""
    modules = {f"shared.contracts.{module}" for module in CONTRACTS[service]}
    return {event for event in CATALOGUE.values() if event.__module__ in modules}


def test_every_event_has_a_producer():
    for service in CONTRACTS:
        assert {event.type.partition(".")[0] for event in published(service)} == {service}
    assert set(CATALOGUE.values()) == set().union(*map(published, CONTRACTS))


@pytest.mark.parametrize("service", CONTRACTS)
def test_the_domain_folds_every_event_that_the_service_publishes(service):
    # `evolve` ends in assert_never: what stands in this union is handled, or the type checker says where it is not.
    union = get_type_hints(import_module(f"services.{service}.domain").evolve)["event"]
    assert set(get_args(union) or [union]) == published(service)


OF_CASES = {event for event in published("reception") if event.subject_is == reception.CASE}


def test_every_event_of_a_case_is_in_the_union_that_reporting_answers_for():
    assert set(get_args(reception.CaseEvent)) == OF_CASES


def test_every_event_of_a_case_has_its_line_in_the_timeline():
    texts = tomllib.loads((ROOT / "services" / "reception" / "texts.toml").read_text())["event"]
    names = sorted(event.type.split(".")[1] for event in OF_CASES)
    missing = [
        f"[event.{n}] {language}" for n in names for language in ("sv", "en") if not texts.get(n, {}).get(language)
    ]
    assert missing == []
