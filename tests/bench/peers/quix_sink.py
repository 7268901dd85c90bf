"""Projects a topic with Quix Streams and a batching sink into case_total; prints the seconds."""

import json
import logging
import secrets
import sys
import time

import psycopg
from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch

OPENED = "insert into case_total values (1, %s, %s, %s, 0, null, 1) on conflict do nothing"
WHERE = "where generation = 1 and case_id = %s and events = %s - 1"
ARRIVED = f"update case_total set arrivals = %s, arrived_on = %s, events = events + 1 {WHERE}"
MOVED = f"update case_total set arrived_on = %s, events = events + 1 {WHERE}"


class Sink(BatchingSink):
    """One transaction per batch; a row's count of events is the last sequence, so what comes twice changes nothing."""

    def __init__(self, database: str, records: int) -> None:
        super().__init__()
        self.connection = psycopg.connect(database)
        self.left = records
        self.begun = self.seconds = 0.0

    def write(self, batch: SinkBatch) -> None:
        opened, arrived, moved, count = [], [], [], 0
        for item in batch:
            count += 1
            head = {name: value.decode() for name, value in item.headers}
            subject, kind, data = head["ce_subject"], head["ce_type"], item.value
            if kind.endswith("allocation-received.v1"):
                opened.append((subject, data["category"], len(data["persons"])))
            elif kind.endswith("arrival-registered.v1"):
                arrived.append((len(data["persons"]), data["arrived_on"], subject, int(head["ce_sequence"])))
            else:
                moved.append((data["arrived_on"], subject, int(head["ce_sequence"])))
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(OPENED, opened)
            cursor.executemany(ARRIVED, arrived)
            cursor.executemany(MOVED, moved)
        self.left -= count
        if self.left <= 0:
            self.seconds = time.perf_counter() - self.begun
            self.app.stop()


def main(given: dict) -> None:
    logging.disable(logging.CRITICAL)
    sink = Sink(given["database"], given["records"])
    app = Application(
        broker_address=given["kafka"],
        consumer_group=secrets.token_hex(6),
        auto_offset_reset="earliest",
        commit_interval=1.0,
        commit_every=2000,
        auto_create_topics=False,
        state_dir=f"{given['home']}/quix-{secrets.token_hex(4)}",
        loglevel=None,
    )
    sink.app = app
    app.dataframe(app.topic(given["topic"], value_deserializer="json", key_deserializer="str")).sink(sink)
    sink.begun = time.perf_counter()
    app.run()
    print(json.dumps({"seconds": sink.seconds}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
