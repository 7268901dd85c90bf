"""Projects n events with the library eventsourcing into a table; prints the seconds and what came out."""

import json
import os
import sys
import time
from urllib.parse import urlsplit

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL


class Case(Aggregate):
    """A household."""

    @event("Received")
    def __init__(self, category: str, persons: int) -> None:
        self.category = category
        self.persons = persons

    @event("Moved")
    def move(self, day: int) -> None:
        self.day = day


class Cases(Application):
    """Where they are kept."""


class View(PostgresTrackingRecorder):
    """The table, written in one transaction with the place that was reached."""

    def __init__(self, datastore, **kwargs) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            SQL("create table if not exists case_total (id uuid primary key, events int not null, day int)")
        )

    def put(self, case, day, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "insert into case_total values (%s, 1, %s)"
                " on conflict (id) do update set events = case_total.events + 1, day = excluded.day",
                (case, day),
            )


class Totals(Projection):
    """One row per case."""

    name = "totals"

    def process_event(self, domain_event, tracking: Tracking) -> None:
        self.view.put(domain_event.originator_id, getattr(domain_event, "day", None), tracking)


def main(given: dict) -> None:
    to = urlsplit(given["database"])
    os.environ |= {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": to.path[1:],
        "POSTGRES_HOST": to.hostname,
        "POSTGRES_PORT": str(to.port),
        "POSTGRES_USER": to.username,
        "POSTGRES_PASSWORD": to.password,
    }
    app = Cases()
    cases = [Case(category="other", persons=2) for _ in range(given["n"] // given["per_case"])]
    for number in range(given["per_case"] - 1):
        for case in cases:
            case.move(day=number)
    last = max(recorded.notification.id for case in cases for recorded in app.save(case))
    begun = time.perf_counter()
    with ProjectionRunner(application_class=Cases, projection_class=Totals, view_class=View) as runner:
        runner.wait(last, timeout=200)
        seconds = time.perf_counter() - begun
        with runner.projection.view.datastore.transaction() as cursor:
            cursor.execute("select count(*) as cases, sum(events) as events from case_total")
            row = cursor.fetchone()
    print(json.dumps({"seconds": seconds, "cases": int(row["cases"]), "events": int(row["events"])}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
