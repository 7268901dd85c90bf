"""The cases behind a number: what counts it, listed. How many of what is counted is in each case adds up to it."""

from datetime import date
from uuid import UUID

from services.reporting.case_lists import Wanted, days_of
from services.reporting.rules import TEMPORARY_PROTECTION_COUNTS_FROM
from services.reporting.store_figures import ARRIVED, AWAITED, OF_QUOTA, joins_by_hash
from services.reporting.store_figures_casework import HELD, PLAN_RULE, PLANS, SILENT
from shared.database import Connection


def _days(column: str, at: int) -> str:
    return f"(${at}::int is null or {column} >= ${at}) and (${at + 1}::int is null or {column} <= ${at + 1})"


async def cases_of(conn: Connection, generation: int, today: date, wanted: Wanted) -> list[tuple[UUID, int]]:
    """Every case with how many it adds to the number, in no order."""
    given: tuple[object, ...]
    match wanted.figure:
        case "open-cases":
            statement = f"select c.case_id, 1 {AWAITED} and {_days('(c.receive_by - $2::date)', 3)} group by 1"
            given = today, wanted.first, wanted.last
        case "received":
            statement = f"select c.case_id, count(*)::int {ARRIVED} and p.arrived_on between $2 and $3 group by 1"
            given = days_of(wanted)
        case "quota":
            statement = (
                f"select c.case_id, count(*)::int {OF_QUOTA} and c.quota_year = $3 and p.arrived_on is null"
                " and c.cancelled is null group by 1"
            )
            given = TEMPORARY_PROTECTION_COUNTS_FROM, wanted.year
        case "plans-in-time":
            statement = (
                f"select case_id, count(*)::int from ({PLANS}) d where arrived_on between $7 and $8 and state = $9"
                " group by 1"
            )
            given = today, *PLAN_RULE, *days_of(wanted), wanted.part
        case "silent":
            statement = f"select case_id, 1 from ({SILENT}) d where {_days('greatest(days, 0)', 3)}"
            given = today, wanted.first, wanted.last
        case "caseload":
            statement, given = f"select case_id, 1 {HELD} and caseworker is null", ()
    await joins_by_hash(conn)
    return [(case_id, count) for case_id, count in await conn.fetch(statement, generation, *given)]
