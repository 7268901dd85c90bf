"""docs/benchmarks.md and its picture."""

from deploy.local.places import CHECKOUT
from tests.bench.__main__ import benches
from tests.bench.harness import Result, summary
from tests.bench.picture import drawing
from tests.bench.report import document, sections

PAGE = (CHECKOUT / "docs" / "benchmarks.md").read_text()


def test_the_page_has_every_benchmark_and_the_picture_shows_the_page():
    assert list(sections(PAGE)) == [bench.id for bench in benches()]
    assert (CHECKOUT / "docs" / "benchmarks.svg").read_text() == drawing(PAGE)


def test_what_is_measured_again_is_replaced_and_the_rest_stays():
    b9 = next(bench for bench in benches() if bench.id == "B9")
    result = Result("B9", 0, "ours", 12_000, 1.25, "s", {}, False, "abc1234")
    summaries = [summary(bench, [result] if bench is b9 else []) for bench in benches()]
    before, after = sections(PAGE), sections(document(summaries, {"Processor": "one"}, PAGE))
    assert "1.25 s" in after["B9"] and "Measured at abc1234." in after["B9"]
    assert before | {"B9": after["B9"]} == after
    assert "Not measured." in document([summary(b9, [])], {}, "")
