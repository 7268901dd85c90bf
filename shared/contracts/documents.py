"""What people read of the contracts, made from the models: the catalogue, AsyncAPI 3 and one JSON Schema per type.

Pure: texts in, texts out. FastStream's own AsyncAPI export of a raw batch subscriber is empty, so it is made here.
"""

import inspect
import json
from typing import Any

from shared.contracts import CATALOGUE
from shared.contracts.event import Event, data_classes

HEADERS = {
    "ce_specversion": "always 1.0",
    "ce_id": "the event's id (UUID)",
    "ce_source": "/landa/<service>",
    "ce_type": "<producer>.<event>.v<N>",
    "ce_subject": "the aggregate's id (UUID); also the record's key",
    "ce_time": "when it happened (RFC 3339); may be in the past",
    "ce_sequence": "1, 2, 3 … without a gap within source and subject",
    "ce_position": "the row's place in the producer's journal",
    "ce_epoch": "the incarnation of the producer's journal (UUID)",
    "ce_recordedtime": "when it was written (RFC 3339)",
    "content-type": "application/json",
    "traceparent": "W3C trace context of the request that made it; may be missing",
}


def producer(event_type: str) -> str:
    """The service that publishes `event_type`."""
    return event_type.partition(".")[0]


def schema(model: type[Event]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's data, closed as its writer sees it."""
    found = model.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:landa:event:{model.type}",
        **found,
    }


def incompatible(published: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Why data of `now` is not the same version as `published`: only a new optional field is."""
    wrong = _compare(published, now, "data")
    for name, part in published.get("$defs", {}).items():
        other = now.get("$defs", {}).get(name)
        wrong += [f"{name} is gone"] if other is None else _compare(part, other, name)
    return wrong


def _compare(old: dict[str, Any], new: dict[str, Any], where: str) -> list[str]:
    wrong = []
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, part in before.items():
        if name not in after:
            wrong.append(f"{where}.{name} is gone")
        elif _essence(part) != _essence(after[name]):
            wrong.append(f"{where}.{name} has changed")
    added = set(new.get("required", [])) - set(old.get("required", []))
    wrong += [f"{where}.{name} is required now" for name in sorted(added)]
    if not before and _essence(old) != _essence(new):
        wrong.append(f"{where} has changed")
    return wrong


def _essence(part: Any) -> Any:
    """A schema without its words."""
    if isinstance(part, dict):
        return {k: _essence(v) for k, v in part.items() if k not in {"title", "description"}}
    return [_essence(v) for v in part] if isinstance(part, list) else part


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: a channel per producing service, a message per event type."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for event_type, model in sorted(CATALOGUE.items()):
        service = producer(event_type)
        own = schema(model)
        own.pop("$schema"), own.pop("$id")
        for name, part in own.pop("$defs", {}).items():
            schemas[f"{service}.{name}"] = json.loads(
                json.dumps(part).replace("#/$defs/", f"#/components/schemas/{service}.")
            )
        schemas[event_type] = json.loads(json.dumps(own).replace("#/$defs/", f"#/components/schemas/{service}."))
        messages[event_type] = {
            "name": event_type,
            "title": model.__name__,
            "summary": inspect.cleandoc(model.__doc__ or ""),
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/headers"},
            "payload": {"$ref": f"#/components/schemas/{event_type}"},
            "bindings": {"kafka": {"key": {"type": "string", "format": "uuid"}, "bindingVersion": "0.5.0"}},
        }
        channel = channels.setdefault(
            service,
            {
                "address": f"landa.{service}",
                "messages": {},
                "bindings": {"kafka": {"topic": f"landa.{service}", "partitions": 12, "bindingVersion": "0.5.0"}},
            },
        )
        channel["messages"][event_type] = {"$ref": f"#/components/messages/{event_type}"}
        operations[f"{service}-publishes"] = {"action": "send", "channel": {"$ref": f"#/channels/{service}"}}
    schemas["headers"] = {
        "type": "object",
        "required": [name for name in HEADERS if name != "traceparent"],
        "properties": {name: {"type": "string", "description": text} for name, text in HEADERS.items()},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Landa",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 over Kafka in binary mode. No personal data travels in events.",
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def catalogue(consumers: dict[str, list[str]]) -> str:
    """The event catalogue in Markdown. `consumers`: event type -> who handles it."""
    lines = [
        "# Event catalogue",
        "",
        "Made from `shared/contracts/` by `make contracts`. CloudEvents 1.0 over Kafka, binary mode;",
        "topic `landa.<service>`, key = subject. No personal data: each field names its class of data.",
        "",
        "| Header | Holds |",
        "|---|---|",
        *(f"| `{name}` | {text} |" for name, text in HEADERS.items()),
    ]
    for event_type, model in sorted(CATALOGUE.items()):
        lines += ["", f"## {event_type}", "", inspect.cleandoc(model.__doc__ or ""), ""]
        lines += [
            f"Subject: {model.subject_is}. Handled by: {', '.join(consumers.get(event_type, [])) or 'nobody yet'}.",
            "",
        ]
        lines += ["| Field | Class of data |", "|---|---|"]
        lines += [f"| `{name}` | {kind} |" for name, kind in data_classes(model)] or ["| – | no fields |"]
    return "\n".join(lines) + "\n"
