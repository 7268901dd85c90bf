"""Where the traces are: in the demo, in an installation with Jaeger, and where there are none."""

from urllib.parse import parse_qs, urlsplit

from shared.web.traces import address

OURS = "http://localhost:8400/traces?subject={subject}&lang={lang}"
JAEGER = 'https://jaeger.example.org/search?service=landa-reception&tags={"landa.subject":"{subject}"}'


def test_a_subject_has_its_own_view_and_the_page_itself_asks_for_none() -> None:
    assert address(OURS, "en") == "http://localhost:8400/traces?lang=en"
    assert address(OURS, "sv", "a-1&b") == "http://localhost:8400/traces?subject=a-1%26b&lang=sv"
    assert address(JAEGER, "sv") == "https://jaeger.example.org/search?service=landa-reception"
    asked = parse_qs(urlsplit(address(JAEGER, "sv", "a-1") or "").query)
    assert asked == {"service": ["landa-reception"], "tags": ['{"landa.subject":"a-1"}']}


def test_where_there_are_no_traces_nothing_leads_to_them() -> None:
    assert address(None, "sv") is None and address(None, "sv", "a-1") is None
    assert address("https://traces.example.org/", "sv", "a-1") is None
    assert address("https://traces.example.org/", "sv") == "https://traces.example.org/"
