"""The contracts: every field has a class of data, every published version replays, what would break is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from pydantic import Field, create_model

from shared.contracts import CATALOGUE, check
from shared.contracts.documents import asyncapi, incompatible, schema
from shared.contracts.envelope import Recorded, Undecodable, Watermark, fact, headers, parse, watermark_headers
from shared.contracts.event import DataClass, Event, data_classes

GOLDEN = Path(__file__).parent / "golden"


def recorded(event_type: str, data: str) -> Recorded:
    now = datetime.now(UTC)
    return Recorded(uuid4(), event_type.partition(".")[0], uuid4(), 3, 7, uuid4(), event_type, now, now, data)


@pytest.mark.parametrize("event_type", sorted(CATALOGUE))
def test_every_event_has_a_golden_example_that_replays_to_the_same_json(event_type):
    text = (GOLDEN / f"{event_type}.json").read_text()
    event = fact(recorded(event_type, text)).event
    assert json.loads(event.text()) == json.loads(text)


def test_every_golden_example_ever_published_still_replays():
    for file in GOLDEN.glob("*.json"):
        fact(recorded(file.stem, file.read_text()))


def test_every_field_is_marked_with_its_class_of_data():
    unmarked = [f"{t}: {name}" for t, m in CATALOGUE.items() for name, kind in data_classes(m) if kind is None]
    assert unmarked == []


def test_an_unmarked_field_is_found():
    class Careless(Event):
        name: str
        when: Annotated[int, Field(ge=0), DataClass.QUANTITY]

    assert dict(data_classes(Careless)) == {"name": None, "when": DataClass.QUANTITY}


def test_only_a_new_optional_field_is_compatible():
    before = create_model("E", __base__=Event, a=(int, ...), b=(str | None, None))
    optional = create_model("E", __base__=Event, a=(int, ...), b=(str | None, None), c=(int, 0))
    required = create_model("E", __base__=Event, a=(int, ...), b=(str | None, None), c=(int, ...))
    removed = create_model("E", __base__=Event, a=(int, ...))
    changed = create_model("E", __base__=Event, a=(str, ...), b=(str | None, None))
    before.type = optional.type = required.type = removed.type = changed.type = "t.e.v1"
    assert incompatible(schema(before), schema(optional)) == []
    for other in (required, removed, changed):
        assert incompatible(schema(before), schema(other)) != []


def test_the_check_refuses_a_changed_enum_and_a_type_that_disappeared(tmp_path):
    name = "reception.allocation-cancelled.v1"
    published = schema(CATALOGUE[name])
    published["properties"]["reason"]["enum"].append("something-else")
    (tmp_path / f"{name}.json").write_text(json.dumps(published))
    (tmp_path / "reception.moon-landing.v1.json").write_text("{}")
    wrong = check.broken(CATALOGUE, tmp_path)
    assert len(wrong) == 2 and "v2" in wrong[0]


def test_an_unknown_field_in_an_event_is_refused():
    text = json.dumps(json.loads((GOLDEN / "reception.quota-set.v1.json").read_text()) | {"name": "x"})
    with pytest.raises(Undecodable, match="name"):
        fact(recorded("reception.quota-set.v1", text))


def test_headers_round_trip_and_are_cloudevents_to_the_official_sdk():
    event = recorded("reception.quota-set.v1", (GOLDEN / "reception.quota-set.v1.json").read_text())
    assert parse(headers(event), event.data.encode()) == event
    message = KafkaMessage(dict(headers(event)), str(event.subject).encode(), event.data.encode())
    seen = from_binary(message, JSONFormat())
    assert (seen.get_id(), seen.get_type(), seen.get_subject()) == (str(event.id), event.type, str(event.subject))
    assert seen.get_data() == json.loads(event.data)
    assert seen.get_extension("sequence") == "3"


def test_a_watermark_round_trips():
    mark = Watermark("reception", UUID(int=5), 3, 12, 99, 7, 42, datetime.now(UTC))
    assert parse(watermark_headers(mark), None) == mark


def test_asyncapi_resolves_all_its_references():
    document = asyncapi()
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
    assert set(document["components"]["messages"]) == set(CATALOGUE)
