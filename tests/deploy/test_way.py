"""One event's way from its spans, without a town: what is told, and what is named as not seen."""

from typing import Any

from deploy.local.page import Reader
from deploy.local.way import FOLLOWERS, Way, lines, ways
from deploy.verify.evidence import CONSUMERS

EN, SV = Reader("en").say, Reader("sv").say
TYPE, SUBJECT, EVENT = "reception.arrival-registered.v1", "case-1", "event-1"
MS = 1_000_000


def span(
    service: str, name: str, start: int, end: int, links: tuple[str, ...] = (), **attributes: Any
) -> dict[str, Any]:
    given = {f"landa.{key}": value for key, value in attributes.items()}
    return {
        "service": f"landa-{service}",
        "name": name,
        "start": start * MS,
        "end": end * MS,
        "failed": False,
        "attributes": given,
        "links": list(links),
    }


def of_event(service: str, verb: str, start: int, end: int) -> dict[str, Any]:
    return span(service, f"{verb} {TYPE}", start, end, subject=SUBJECT, event=EVENT, sequence=2)


REQUEST = span("reception", "POST /reception/cases/{case}/arrivals", 0, 30)
PUBLISHED = of_event("reception", "publish", 21, 40)
APPLIED = of_event("reporting", "apply in dashboard/3", 50, 60)


def the_way(*spans: dict[str, Any], told: tuple[dict[str, Any], ...] = ()) -> Way:
    (found,) = ways(
        {"t": list(spans), "other": [of_event("reception", "publish", 1, 2) | {"attributes": {}}]}, told, SUBJECT
    )
    return found


def test_the_followers_are_those_that_the_services_have():
    found: dict[str, dict[str, str]] = {}
    for service, consumers in CONSUMERS.items():
        for consumer, sources in consumers.items():
            for source in sources:
                found.setdefault(source, {})[service] = consumer
    assert {source: FOLLOWERS[source] for source in FOLLOWERS} == found


def test_each_step_has_its_time_and_belongs_to_this_event():
    commits = [
        span("reception", "transaction", 10, 22),
        span("reception", "transaction", 25, 29),
        span("awards", "transaction", 1, 2),
    ]
    told = (
        span("reporting", "tell pages", 49, 49, topic="dashboard", pages=9),
        span("notifications", "tell pages", 58, 58, topic="inbox", pages=9),
        span("reporting", "tell pages", 59, 59, topic="dashboard", pages=2),
        span("reporting", "tell pages", 70, 70, topic="dashboard", pages=3),
    )
    again = of_event("reception", "publish", 500, 600)
    way = the_way(REQUEST, *commits, PUBLISHED, APPLIED, again, told=told)
    steps = [(step["what"], step["ms"]) for step in way.document(EN)["steps"]]
    # the commit whose answer came after the relay had taken the event is still its commit; the next one is not
    assert steps == [
        ("request", 0.0),
        ("committed", 22.0),
        ("answered", 30.0),
        ("published", 40.0),
        ("page told", 59.0),
        ("applied", 60.0),
    ]
    notes = {step["what"]: step["note"] for step in way.document(EN)["steps"]}
    assert notes["page told"] == "dashboard, 2 open" and "once more" in notes["published"]
    unseen = way.document(EN)["unseen"]
    assert [words.partition(":")[0] for words in unseen] == ["applying in notifications (alerts)", "a mail"]


def test_a_way_is_told_in_the_readers_language_and_in_stockholms_time():
    july = 1_751_364_000_123 * MS  # 2025-07-01 10:00:00.123 UTC
    request = REQUEST | {"start": july, "end": july + 3 * MS}
    told = the_way(request, of_event("reception", "publish", 0, 0) | {"start": july, "end": july + 2 * MS}).document(SV)
    assert [(step["what"], step["at"]) for step in told["steps"]] == [
        ("begäran", "2025-07-01T12:00:00.123+02:00"),
        ("publicerad", "2025-07-01T12:00:00.125+02:00"),
        ("besvarad", "2025-07-01T12:00:00.126+02:00"),
    ]
    assert told["steps"][1]["note"] == "Kafka har bekräftat" and told["unseen"][-1].startswith("ett mejl: ")
    (terminal,) = [line for line in lines([told]) if "begäran" in line]
    assert "2025-07-01 12:00:00.123+02:00" in terminal


def test_what_no_span_tells_of_is_named():
    way = the_way(APPLIED)
    assert [step.what for step in way.steps] == ["applied"]
    assert [words.split(" ")[1].rstrip(":") for words in way.document(EN)["unseen"]] == [
        "request", "commit", "publishing", "in", "page", "mail",
    ]  # fmt: skip
    assert ways({"t": [APPLIED]}, (), "case-2") == []


def test_a_mail_about_several_events_is_found_by_its_link():
    mail = span("notifications", "hand over mail allocation-received", 900, 990, ("t",), mail="m", attempt=2)
    (way,) = ways({"t": [REQUEST, PUBLISHED], "u": [mail | {"failed": True}, mail]}, (), SUBJECT)
    mails = [(step["what"], step["note"]) for step in way.document(EN)["steps"] if "mail" in step["what"]]
    assert sorted(mails) == [
        ("mail handed over", "allocation-received, attempt 2"),
        ("mail tried in vain", "allocation-received, attempt 2"),
    ]


def test_a_terminal_gets_the_newest_or_the_one_it_names():
    documents = [the_way(REQUEST, PUBLISHED, APPLIED).document(EN)]
    documents.append(documents[0] | {"event": "event-0", "sequence": 1})
    assert any("EVENT=event-0" in line for line in lines(documents))
    assert "event event-0" in lines(documents, "event-0")[0]
    assert lines(documents, "event-7")[0].startswith("No span") and len(lines(documents, "event-7")) == 4
    assert lines([]) == ["No span tells of this event."]
