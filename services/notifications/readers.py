"""Members of a jury are reminded as long as they have something left to read, and no longer."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from services.notifications import handlers, reading, store_people, store_reading
from services.notifications.deadlines import Deadline
from services.notifications.folding import folded, subjects
from services.notifications.reading import KnownReview
from services.notifications.rules import PERSON
from shared.contracts.awards import NominationEvent, ReviewEvent, juror_id
from shared.contracts.envelope import Fact
from shared.database import Connection


async def follow(tx: Connection, facts: Sequence[Fact], at: datetime) -> None:
    """Nominations and reviews follow `facts`; reminders of who has nothing left are settled, `at` in business time."""
    about = subjects(facts, NominationEvent)
    reviews = {fact.subject: reading.of_review(fact.event) for fact in facts if isinstance(fact.event, ReviewEvent)}
    if not about and not reviews:
        return
    known = folded(await store_reading.nominations(tx, about), facts, NominationEvent, reading.of_nomination)
    await store_reading.know_nominations(tx, known)
    await store_reading.know_reviews(tx, reviews)
    await _settle(tx, about, reviews.values(), at)


async def _settle(tx: Connection, about: Collection[UUID], reviews: Collection[KnownReview], at: datetime) -> None:
    years = await store_reading.years_of(tx, [*about, *(each.nomination for each in reviews)])
    for deadline, year in await store_reading.reading(tx, years):
        done = reading.finished(*await store_reading.of_year(tx, year))
        inboxes = [f"{PERSON}{sub}" for sub in await _jury(tx) if juror_id(sub) in done]
        ids = await store_reading.reminders_to(tx, deadline, inboxes)
        await handlers.settle(tx, ids, at)


async def left(tx: Connection, deadline: Deadline) -> list[str]:
    """The sign-in subjects of those in the jury who have something left to read by `deadline`.

    That is everybody where nobody has been found eligible yet, and where not all nominations are known here.
    """
    jury = await _jury(tx)
    if deadline.prize_year is None or not await store_reading.followed(tx, deadline.about):
        return jury
    done = reading.finished(*await store_reading.of_year(tx, deadline.prize_year))
    return [sub for sub in jury if juror_id(sub) not in done]


async def _jury(tx: Connection) -> list[str]:
    return sorted(await store_people.staff(tx, ["jury"]))
