"""`python -m tests.bench [B1 B3 …] [--quick] [--fresh] [--document]`: measures what is missing, writes the document."""

import argparse
import asyncio
import importlib
import os
import shutil
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import structlog
import uvloop

from deploy.local.places import CHECKOUT, places, temporary_state
from shared.messaging import calm_logs
from shared.process import calm_collector
from tests.bench import machine, picture, report
from tests.bench.harness import Bench, Results, run, summary
from tests.bench.stand import Stand

_BEGUN = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - _BEGUN:6.1f} s] {text}", flush=True)


def benches() -> list[Bench]:
    """Every `BENCHES` of a module `b<number>_<name>.py` beside this file, by number."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("b[0-9]*_*.py"))
    found = [bench for name in names for bench in importlib.import_module(f"tests.bench.{name}").BENCHES]
    return sorted(found, key=lambda bench: (int("".join(c for c in bench.id if c.isdigit())), bench.id))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("wanted", nargs="*", metavar="B1", help="which benchmarks; all without one")
    parser.add_argument("--quick", action="store_true", help="small and once: whether they run and are right")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results instead of going on with them")
    parser.add_argument(
        "--document", action="store_true", help="measure nothing, write the document from what is there"
    )
    parser.add_argument("--rounds", type=int, help="fewer rounds than each benchmark's own, to find one's way")
    parser.add_argument("--scale", type=float, help="0.1: a tenth of the events, to find one's way")
    return parser.parse_args()


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _measure(wanted: list[Bench], results: Results) -> list[str]:
    state = temporary_state()
    broken: list[str] = []
    try:
        async with AsyncExitStack() as parts:
            stand = Stand(places(state), parts, parts)
            for bench in wanted:
                say(f"{bench.id} {bench.title}")
                try:
                    async with AsyncExitStack() as own:
                        await run(bench, stand.for_one_run(own), results, say)
                except (Exception, asyncio.CancelledError) as error:
                    if _cancelled():
                        raise
                    broken.append(f"{bench.id}: {type(error).__name__}: {error}")
                    say(f"BROKEN {broken[-1]}")
    finally:
        shutil.rmtree(state, ignore_errors=True)
    return broken


def main() -> int:
    given = _arguments()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    calm_logs()
    calm_collector()  # as a service does
    found = benches()
    unknown = set(given.wanted) - {name for bench in found for name in (bench.id, bench.id.rstrip("abc"))}
    if unknown:
        print(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(b.id for b in found)}", file=sys.stderr)
        return 2
    if given.scale:
        found = [replace(bench, n=int(bench.n * given.scale)) for bench in found]
    if given.rounds:
        found = [replace(bench, rounds=min(bench.rounds, given.rounds)) for bench in found]
    wanted = [bench for bench in found if not given.wanted or {bench.id, bench.id.rstrip("abc")} & set(given.wanted)]
    home = CHECKOUT / ".landa" / "bench"
    folder = Path(tempfile.mkdtemp()) if given.quick else CHECKOUT / "docs"
    path = folder / "results.jsonl" if given.quick else Path(os.environ.get("LANDA_BENCH", home / "results.jsonl"))
    if given.fresh and path.exists():
        path.rename(path.with_suffix(".before.jsonl"))
    results = Results(path, machine.revision(), quick=given.quick)
    if not given.quick:
        say(f"results: {path} (what is there is kept; --fresh begins anew)")
    broken: list[str] = []
    if not given.document:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            broken = runner.run(_measure(wanted, results))
    kept = results.read()
    summaries = [summary(bench, kept) for bench in found]
    page = folder / "benchmarks.md"
    text = report.document(summaries, machine.describe(folder), page.read_text() if page.exists() else "")
    drawing = picture.drawing(text)
    page.write_text(text)
    (folder / "benchmarks.svg").write_text(drawing)
    say(f"written: {page}")
    if given.quick:
        broken += report.faults(text, drawing, [s for s in summaries if s.bench in wanted])
        shutil.rmtree(folder, ignore_errors=True)
    for line in broken:
        say(f"WRONG {line}")
    if given.quick:
        failed = {line.partition(":")[0].partition(" ")[0] for line in broken}
        say(f"{len(wanted) - len(failed)} passed, {len(failed)} failed")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
