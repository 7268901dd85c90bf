"""A juror is reminded as long as something is left to read, counted here as awards counts it, and no longer."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.awards import domain
from services.awards.review import progress
from services.notifications import reading, reminding
from shared.contracts import awards as a
from shared.contracts.envelope import Fact
from tests.notifications.test_jury import CEREMONY, EDITION, READING, YEAR, announced
from tests.notifications.town import NOW, Town

N = [UUID(int=n) for n in range(1, 5)]
JURORS = [UUID(int=101), UUID(int=102)]
SUBMITTED = a.NominationSubmitted(prize="integration", prize_year=YEAR, nominee_kind="group", receipt_wanted=False)

_of_nominations = st.tuples(
    st.sampled_from(N),
    st.sampled_from(
        [
            a.NominationFoundEligible(),
            a.NominationFoundEligible(),
            a.NominationFoundIneligible(reason="unserious"),
            a.NominationCorrected(nominee_kind="group"),
            a.NominationWithdrawn(),
            a.NomineeFoundSame(same_as=N[0]),
            a.NomineeFoundSame(same_as=None),
        ]
    ),
)
_of_reviews = st.builds(
    lambda n, juror, revision: a.NominationScored(nomination=n, juror=juror, score=7, revision=revision),
    st.sampled_from(N),
    st.sampled_from(JURORS),
    st.integers(0, 1),
) | st.builds(
    lambda n, juror, lifted: (
        a.RecusalLifted(nomination=n, juror=juror, reason="circumstance-ended")
        if lifted
        else a.JurorRecused(nomination=n, juror=juror, reason="own-interest")
    ),
    st.sampled_from(N),
    st.sampled_from(JURORS),
    st.booleans(),
)


@given(st.lists(_of_nominations | _of_reviews, max_size=25))
def test_who_has_nothing_left_is_who_has_nothing_left_in_awards(happened: list[Any]) -> None:
    theirs: dict[UUID, Any] = {n: domain.evolve(None, SUBMITTED) for n in N}
    ours: dict[UUID, Any] = {n: reading.of_nomination(None, SUBMITTED) for n in N}
    reviews: dict[Any, Any] = {}
    known: dict[Any, Any] = {}
    for each in happened:
        if isinstance(each, tuple):
            subject, event = each
            # awards refuses both: another for the one that others are the same as, anything of a withdrawn one
            if (isinstance(event, a.NomineeFoundSame) and subject == N[0]) or theirs[subject].withdrawn:
                continue
            theirs[subject] = domain.evolve(theirs[subject], event)
            ours[subject] = reading.of_nomination(ours[subject], event)
        else:
            key = (each.nomination, each.juror)
            reviews[key] = domain.evolve(reviews.get(key), each)
            known[key] = reading.of_review(each)
    done = reading.finished(ours, known.values())
    for juror in JURORS:
        counted = progress(juror, theirs, reviews.values())
        begun = any(key[1] == juror for key in known)
        nominees = counted.judges + counted.recused
        assert (juror in done) == (begun and nominees > 0 and counted.scored == counted.judges)


@dataclass
class Subjects:
    """Facts of awards, each the next of its subject."""

    sequence: dict[UUID, int] = field(default_factory=dict)

    def __call__(self, subject: UUID, event: Any) -> Fact:
        self.sequence[subject] = number = self.sequence.get(subject, 0) + 1
        return Fact(uuid4(), "awards", subject, number, number, NOW, NOW, event)

    def scores(self, sub: str, nomination: UUID, revision: int = 0) -> Fact:
        juror = a.juror_id(sub)
        event = a.NominationScored(nomination=nomination, juror=juror, score=8, revision=revision)
        return self(UUID(int=nomination.int ^ juror.int), event)

    def steps_aside(self, sub: str, nomination: UUID) -> Fact:
        juror = a.juror_id(sub)
        event = a.JurorRecused(nomination=nomination, juror=juror, reason="own-interest")
        return self(UUID(int=nomination.int ^ juror.int), event)


async def asked(town: Town, channel: str = "inbox") -> list[str]:
    """Whom of the jury a message still asks, or a mail is still to go to."""
    rows = await town.rows(
        "select recipient from notification where why = 'jurors' and channel = $1 and settled_at is null"
        " and not withheld order by recipient",
        channel,
    )
    return [row["recipient"].removeprefix("person:") for row in rows]


async def remind(town: Town, before: int) -> list[str]:
    """Whom the reminder so many days before the ceremony reaches."""
    await town.remind(CEREMONY - timedelta(days=before))
    return await asked(town)


async def judged_by(town: Town, happened: Subjects) -> tuple[UUID, UUID]:
    """Ada and Bo are in the jury; two nominations are eligible."""
    await town.sign_in("ada", "bo", role="jury")
    one, two = uuid4(), uuid4()
    await town.react(announced())
    for nomination in (one, two):
        await town.react(happened(nomination, SUBMITTED), happened(nomination, a.NominationFoundEligible()))
    return one, two


async def test_who_has_given_all_points_is_not_reminded_until_something_is_left_again(town: Town) -> None:
    happened = Subjects()
    one, two = await judged_by(town, happened)
    await town.react(happened.scores("ada", one))
    await town.remind(READING)
    assert await asked(town) == ["ada", "bo"]
    await town.react(happened.steps_aside("ada", two))
    # what had come is settled by the last points, in the inbox and before the mail has gone
    assert await asked(town) == await asked(town, "email") == ["bo"]
    assert await remind(town, 30) == ["bo"]
    await town.react(happened(one, a.NominationCorrected(nominee_kind="group", assessed=True)))
    assert await remind(town, 14) == ["bo"]  # nobody can read it before it is assessed
    await town.react(happened(one, a.NominationFoundEligible()))
    assert await remind(town, 7) == ["ada", "bo"]
    await town.react(happened.scores("ada", one, revision=1))
    assert await asked(town) == ["bo"]
    await town.react(happened.scores("bo", two), happened.scores("bo", one, revision=1))
    assert await asked(town) == [] and await remind(town, 1) == []
    await town.check()


async def test_who_signs_in_anew_with_nothing_left_is_not_reminded(town: Town) -> None:
    happened = Subjects()
    one, two = await judged_by(town, happened)
    await town.react(happened.scores("ada", one), happened.scores("ada", two))
    await town.remind(READING)
    await town.sign_in("cia", role="jury")
    async with town.database.transaction() as tx:
        for sub in ("ada", "bo", "cia"):
            await reminding.welcome(tx, sub, NOW, NOW)
    assert await asked(town) == ["bo", "cia"]


async def test_where_not_all_nominations_are_known_everybody_is_reminded(town: Town) -> None:
    """A round that an older release heard the beginning of."""
    happened = Subjects()
    one, two = await judged_by(town, happened)
    await town.database.pool.execute("update known_prize set state = state - 'followed' where id = $1", EDITION)
    await town.react(happened.scores("ada", one), happened.scores("ada", two))
    await town.remind(READING)
    assert await asked(town) == ["ada", "bo"]
