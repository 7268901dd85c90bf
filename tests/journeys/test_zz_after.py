"""After all journeys: state is the fold of the journal, and no personal data stands where it must not."""

import json

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.settings import SERVICES
from tests.journeys.parity import differing_states
from tests.journeys.people import household

CANARY = "Kanariefågel"


async def test_every_stored_state_is_the_fold_of_its_journal(people):
    await people.agreed()
    compared, wrong = await differing_states(people.town)
    assert wrong == [] and compared > 0


async def test_no_canary_in_kafka_logs_mail_traces_or_tables(people):
    """Names, numbers and free text that were typed in are found nowhere in plain, in no file and no table."""
    today = await people.today()
    body = household(today, 1, CANARY)
    body["persons"][0] |= {"personal_identity_number": "19700310-2397", "dossier_number": "77314159"}
    answer = await people.ask("coordinator", "POST", "/reception/allocations", json=body)
    if answer.status_code == 422:
        body["persons"][0]["personal_identity_number"] = None
        await people.post("coordinator", "/reception/allocations", body)
    wrong = household(today, 1, CANARY) | {"decided_on": f"{CANARY} 77314159"}
    assert (await people.ask("coordinator", "POST", "/reception/allocations", json=wrong)).status_code == 422
    nomination = {
        "prize": "integration",
        "nominee": f"{CANARY} nominerad",
        "nominee_kind": "person",
        "citation": f"En {CANARY} som hjälper alla i hela kvarteret.",
        "nominator": f"{CANARY} nominerande",
        "email": "kanariefagel@landa.example",
    }
    await people.post("secretary", "/awards/nominations", nomination)
    await people.agreed()
    words = [CANARY, json.dumps(CANARY)[1:-1], "77314159", "19700310", "kanariefagel@"]
    found = []

    logs = people.town.where.state / "logs"
    for file in logs.iterdir():
        text = file.read_text(errors="replace")
        found += [f"{file.name}: {word}" for word in words if word in text]

    consumer = AIOKafkaConsumer(bootstrap_servers=people.town.addresses.kafka, enable_auto_commit=False)
    await consumer.start()
    partitions = [TopicPartition(f"landa.{s}", p) for s in SERVICES for p in range(12)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    ends = await consumer.end_offsets(partitions)
    records = 0
    while any([await consumer.position(p) < ends[p] for p in partitions]):
        for batch in (await consumer.getmany(timeout_ms=500)).values():
            for record in batch:
                records += 1
                whole = repr((record.key, record.value, record.headers)) + (record.value or b"").decode(
                    errors="replace"
                )
                found += [f"{record.topic}: {word}" for word in words if word in whole]
    await consumer.stop()
    assert records > 0

    for service in SERVICES:
        connection = await asyncpg.connect(people.town.addresses.databases[service])
        tables = await connection.fetch(
            "select table_schema || '.' || table_name as t from information_schema.tables"
            " where table_schema in ($1, $2)",
            service,
            f"{service}_keys",
        )
        for row in tables:
            lines = await connection.fetch(f"select t::text as line from {row['t']} t")
            found += [f"{row['t']}: {word}" for line in lines for word in words if word in (line["line"] or "")]
        await connection.close()

    listing = await people.http.get(f"{people.town.addresses.sinks}/traces")
    found += [f"traces: {word}" for word in words if word in listing.text]
    for mail in await people.mails():
        found += [f"mail: {word}" for word in words[:4] if word in mail["body"]]
    assert found == []
