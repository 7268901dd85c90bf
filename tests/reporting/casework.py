"""Thirty households of one person and what was done with them in 2018, added to the year's facts."""

from datetime import date, timedelta

from shared.contracts.casework import (
    CaseAssigned,
    ContactRecorded,
    EstablishmentPlanCreated,
    EstablishmentPlanEnded,
    HousingSecured,
)
from shared.contracts.envelope import Fact
from shared.contracts.reception import ArrivalRegistered, SettlementNotified
from tests.reporting.histories import Writer, member, name

ARRIVED = date(2018, 3, 1)
# 22 plans in time, 5 late, 3 missing; 8 ended in work, 6 in studies, 1 otherwise; the last two heard from nobody
IN_TIME, LATE, HOUSEHOLDS = 22, 5, 30
ENDS = ["work"] * 8 + ["studies"] * 6 + ["other"]
HEARD = 28
HOMES = ["municipal-lease"] * 9 + ["temporary"] * 2


def casework(before: list[Fact]) -> list[Fact]:
    writer = Writer(list(before))
    for n in range(HOUSEHOLDS):
        case, person = name(f"worked {n}"), member(f"worked {n}")
        writer.write(case, SettlementNotified(category="other", notified_on=ARRIVED, persons=(person,)))
        writer.write(case, ArrivalRegistered(arrived_on=ARRIVED, persons=(person.person,)))
        if n < 27:
            by = "a" if n < 18 else "b"
            writer.write(case, CaseAssigned(caseworker=by, unit="reception", reason="first"))
        if n < IN_TIME + LATE:
            made = ARRIVED + timedelta(days=20 if n < IN_TIME else 80)
            plan = name(f"plan {n}")
            writer.write(
                case,
                EstablishmentPlanCreated(
                    plan=plan, person=person.person, created_on=made, goal="work", activities=(), follow_up_on=made
                ),
            )
            if n < len(ENDS):
                ended = EstablishmentPlanEnded.model_validate(
                    {"plan": plan, "ended_on": date(2018, 12, 1), "outcome": ENDS[n]}
                )
                writer.write(case, ended)
        if n < HEARD:
            outcome = "reached" if n % 4 else "not-reached"
            writer.write(
                case,
                ContactRecorded.model_validate(
                    {"contact": name(f"contact {n}"), "kind": "visit", "outcome": outcome,
                     "contacted_on": date(2018, 12, 1) + timedelta(days=n % 25)}
                ),
            )  # fmt: skip
        if n < len(HOMES):
            home = {
                "housing": name(f"home {n}"), "kind": HOMES[n], "secured_on": ARRIVED, "available_from": ARRIVED,
            }  # fmt: skip
            writer.write(case, HousingSecured.model_validate(home))
    return writer.facts
