"""F12: clocks that jump two hours, the two nights that are 23 and 25 hours long, and 29 February.

A database's clock that goes back two hours is the same as everything it stored being two hours in the future, so that
is how it is put back here; the process's own clock is replaced where our code reads it.
"""

import asyncio
import random
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import ModuleType

import pytest

from services.awards.edition import Edition, instant
from services.notifications.retrying import Schedule
from services.reception.rules import add_months
from services.reporting.rules import MONTHS_TO_RECEIVE, months_after
from shared.clock import STOCKHOLM, Clock
from shared.journal import uuid7
from tests.faults.ground import findings
from tests.faults.proof import Run, record, seeds
from tests.notifications.town import PACE, QUICK, allocation, nomination
from tests.shared.conftest import settings_for
from tests.shared.test_relay import Flow
from tests.waiting import until

HOURS = timedelta(hours=2)
JUMPS = pytest.mark.parametrize("jump", [HOURS, -HOURS], ids=["ahead", "back"])


async def shift(pool, jump: timedelta, at_rest: str = "") -> None:
    """The database's clock jumps: everything it has written down moves the other way, but what is append only.

    `at_rest`: a table that moves in a moment in which nobody holds a lease on any of its rows.
    """
    columns = await pool.fetch(
        "select table_name as t, string_agg(format('%1$I = %1$I - $1::interval', column_name), ', ') as moved"
        " from information_schema.columns join information_schema.tables using (table_schema, table_name)"
        " where table_schema = current_schema and table_type = 'BASE TABLE'"
        " and data_type = 'timestamp with time zone' and table_name not in ('journal', 'access_log', 'migration')"
        " group by 1"
    )
    for row in columns:
        await until(
            partial(_shifted, pool, row["t"], row["moved"], jump, row["t"] == at_rest), what=f"{row['t']} moved"
        )


async def _shifted(pool, table: str, moved: str, jump: timedelta, at_rest: bool) -> bool:
    # Each table alone and locked first: row by row it could wait for one who waits for it.
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(f"lock table {table} in exclusive mode")
        if at_rest and await connection.fetchval(f"select exists (select from {table} where lease is not null)"):
            return False
        await connection.execute(f"update {table} set {moved}", jump)
    return True


@pytest.fixture
def process_clock(monkeypatch):
    """`process_clock(jump)` puts the clock of this process, as our code reads it, that much off the right time."""
    off, right = [timedelta()], time.time

    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + off[0]

    for name, module in list(sys.modules.items()):
        ours = name.startswith(("shared.", "services."))
        if ours and isinstance(module, ModuleType) and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", Shifted)
    monkeypatch.setattr(time, "time", lambda: right() + off[0].total_seconds())

    def put(jump: timedelta) -> None:
        off[0] = jump

    return put


@pytest.mark.parametrize("seed", seeds())
async def test_order_and_once_while_every_clock_jumps(ground, process_clock, seed):
    rng, subjects = random.Random(seed), {uuid7(): 0 for _ in range(20)}
    async with ground.house() as house, Flow(house) as flow:
        await until(lambda: asyncio.sleep(0, flow.relay.status.connected))
        for _ in range(12):
            process_clock(rng.choice((HOURS, -HOURS, timedelta())))
            for pool in (house.source.pool, house.target.pool):
                await shift(pool, rng.choice((HOURS, -HOURS)))
            for subject in rng.sample(sorted(subjects), 10):
                count = rng.randint(1, 4)
                await house.write(subject, subjects[subject], *range(count))
                subjects[subject] += count
        events = sum(subjects.values())
        await ground.complete(house, events)
        assert await findings(house) == []
    record(Run(fault="F12", what="clocks of process and database jump 2 h, 12 times", seed=seed, events=events))


@JUMPS
async def test_a_held_event_is_tried_again_in_time(ground, process_clock, jump):
    """Held while one clock is right, due after the jump: in the database's time, whatever the process believes."""
    async with ground.house(kafka=False) as house:
        (one,) = await house.write(uuid7(), 0, 1)
        house.follower.broken = {one.id}
        receiver = house.receiver()
        process_clock(jump)
        await receiver.receive(await house.records())
        pause = await house.target.pool.fetchval("select next_try from held")
        tried = await receiver.retry_due()
        over = await house.target.pool.fetchval("select clock_timestamp() > $1", pause)
        assert tried == 0 or over, "tried again before its pause was over"
        house.follower.broken = set()
        started = time.monotonic()
        await until(receiver.retry_due, seconds=10, what="the process's clock is wrong, the retry is not")
        house.follower.broken = {two.id for two in await house.write(uuid7(), 0, 1)}
        await receiver.receive(await house.records())
        house.follower.broken = set()
        await shift(house.target.pool, jump)
        await until(receiver.retry_due, seconds=10, what="the database's clock has jumped, the retry is in time")
        assert await findings(house) == []
        late = time.monotonic() - started
    record(Run(fault="F12", what=f"held events, a clock jumps {jump}", seed=0, events=2, heal_seconds=round(late, 1)))


@JUMPS
async def test_mail_that_waits_goes_out_once_and_in_time(ground, process_clock, jump):
    async with ground.post() as town:
        town.mail.at_rcpt = lambda _to, attempt: "451 4.7.1 greylisted" if attempt < 3 else "250 OK"
        await town.react(nomination(), nomination(), allocation())
        async with town.sending(pace=replace(PACE, schedule=replace(QUICK, give_up=Schedule().give_up))):
            await town.until("an attempt", lambda: town.rows("select 1 from mail where attempts > 0"))
            started = time.monotonic()
            process_clock(jump)
            # what is on its way meanwhile may come twice
            await shift(town.database.pool, jump, at_rest="mail")
            await town.react(nomination())
            await town.until_all("sent", 4, seconds=10)
        late = time.monotonic() - started
        assert len(town.mail.received) == len({mail.id for mail in town.mail.received}) == 4
        await town.check()
    record(Run(fault="F12", what=f"greylisted mail, clocks jump {jump}", seed=0, events=4, heal_seconds=round(late, 1)))


def clock_at(folder, moment: datetime) -> Clock:
    file = folder / f"{moment.timestamp()}"
    file.write_text(moment.isoformat())
    return Clock(settings_for("reception", "postgresql://u@127.0.0.1:1/x", "127.0.0.1:1", clock_file=str(file)))


@pytest.mark.parametrize(
    ("day", "midnight"),
    [
        (date(2018, 3, 25), datetime(2018, 3, 24, 23, tzinfo=UTC)),  # the night that is an hour short
        (date(2018, 3, 26), datetime(2018, 3, 25, 22, tzinfo=UTC)),
        (date(2018, 10, 28), datetime(2018, 10, 27, 22, tzinfo=UTC)),  # the night that is an hour long
        (date(2018, 10, 29), datetime(2018, 10, 28, 23, tzinfo=UTC)),
        (date(2020, 2, 29), datetime(2020, 2, 28, 23, tzinfo=UTC)),
        (date(2020, 3, 1), datetime(2020, 2, 29, 23, tzinfo=UTC)),
        (date(2019, 3, 1), datetime(2019, 2, 28, 23, tzinfo=UTC)),
        (date(2019, 1, 1), datetime(2018, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_in_sweden_to_the_second(tmp_path, day, midnight):
    second = timedelta(seconds=1)
    assert clock_at(tmp_path, midnight - second).today() == day - timedelta(days=1)
    assert clock_at(tmp_path, midnight).today() == day
    assert clock_at(tmp_path, midnight.astimezone(STOCKHOLM)).now() == midnight
    # What opens and closes with the day does so in that second, also when the day has 23 or 25 hours.
    opens = instant(datetime.combine(day, datetime.min.time()), "opens_at")
    closes = instant(datetime.combine(day + timedelta(days=1), datetime.min.time()), "closes_at")
    prize = Edition("integration", day.year, opens, closes, day + timedelta(days=90))
    hours = (closes - opens) // timedelta(hours=1)
    moments = {-second: False, 0 * second: True, timedelta(hours=hours) - second: True, closes - opens: False}
    for moment, is_open in moments.items():
        assert prize.is_open(clock_at(tmp_path, midnight + moment).now()) == is_open


LAST_DAYS = {
    "2017-12-29": "2018-02-28",
    "2017-12-31": "2018-02-28",
    "2018-01-25": "2018-03-25",
    "2018-08-28": "2018-10-28",
    "2019-12-31": "2020-02-29",
}


async def test_a_deadline_is_late_from_the_second_after_its_last_day(ground):
    async with ground.reception() as office:

        def at(local: datetime) -> None:
            office.clock.write_text(local.replace(tzinfo=STOCKHOLM).isoformat(timespec="microseconds"))

        one = [{"name": "Qanarya Ovanlig", "birth_date": "1985-04-12", "sex": "female"}]
        for decided, last in LAST_DAYS.items():
            end = datetime.fromisoformat(last) + timedelta(days=1)
            at(end - timedelta(days=1))
            case = (await office.allocate(decided_on=decided, persons=one))["case"]
            for moment, left in ((end - timedelta(seconds=1), 0), (end, -1), (end - timedelta(days=1), 0)):
                at(moment)
                found = await office.get(f"/reception/cases/{case}")
                assert (found["receive_by"], found["days_left"]) == (last, left), moment
        await office.check()


async def test_two_months_are_the_same_to_reception_reporting_and_postgresql(ground):
    days = [date(2016, 3, 1) + timedelta(days=n) for n in range(14 * 366)]
    async with ground.house(kafka=False) as house:
        rows = await house.target.pool.fetch(
            "select d, (d + interval '2 months')::date as last from unnest($1::date[]) as d", days
        )
    assert [(d, months_after(d, MONTHS_TO_RECEIVE)) for d in days] == [(d, add_months(d, 2)) for d in days]
    assert [tuple(row) for row in rows] == [(d, add_months(d, 2)) for d in days]
