"""What the themes on establishment and contacts count, each in the caller's one snapshot."""

from datetime import date

from services.reporting.figures_casework import Worked
from shared.contracts.routines import PLAN_AGES, PLAN_WITHIN
from shared.database import Connection

# What is counted and what is listed (store_cases.py) is one condition. $1 is the generation.
# $2 is today, $3 to $5 the routine's days by day of arrival, $6 the ages that it is for.
PLANS = """
  select c.case_id, p.arrived_on, case when f.first_on <= p.arrived_on + r.days then 'in-time'
    when f.first_on is not null then 'late' when p.arrived_on + r.days < $2::date then 'overdue'
    else 'waiting' end as state
  from person_row p join case_row c using (generation, case_id)
  join unnest($3::date[], $4::date[], $5::int[]) as r (valid_from, valid_to, days)
    on p.arrived_on >= r.valid_from and (r.valid_to is null or p.arrived_on <= r.valid_to)
  left join (select case_id, person_id, min(created_on) as first_on from plan_row where generation = $1
    group by 1, 2) f on f.case_id = p.case_id and f.person_id = p.person_id
  where p.generation = $1 and p.arrived_on is not null and p.age_band = any($6::text[])
    and (f.first_on is not null or c.closed_on is null or c.closed_on > p.arrived_on + r.days)
"""
PLAN_RULE = (
    [rule.valid_from for rule in PLAN_WITHIN],
    [rule.valid_to for rule in PLAN_WITHIN],
    [rule.days for rule in PLAN_WITHIN],
    sorted(PLAN_AGES),
)
# $2 is today.
SILENT = """
  select c.case_id, $2::date - coalesce(k.last_on, p.first_on) as days from case_row c
  join (select case_id, min(arrived_on) as first_on from person_row
    where generation = $1 and arrived_on is not null group by 1) p using (case_id)
  left join (select case_id, max(contacted_on) as last_on from contact_row
    where generation = $1 and not withdrawn group by 1) k using (case_id)
  where c.generation = $1 and c.closed_on is null
"""
HELD = "from case_row where generation = $1 and closed_on is null and cancelled is null"


async def worked(conn: Connection, generation: int, today: date) -> Worked:
    """Plans are counted by the rule in force on the day of arrival; silence from the last contact or the arrival."""
    plans = await conn.fetch(
        f"select extract(year from arrived_on)::int, state, count(*)::int from ({PLANS}) d group by 1, 2",
        generation,
        today,
        *PLAN_RULE,
    )
    outcomes = await conn.fetch(
        "select extract(year from ended_on)::int, outcome, count(*)::int from plan_row"
        " where generation = $1 and ended_on is not null group by 1, 2",
        generation,
    )
    contacts = await conn.fetch(
        "select extract(year from contacted_on)::int, extract(month from contacted_on)::int, outcome, count(*)::int"
        " from contact_row where generation = $1 and not withdrawn group by 1, 2, 3",
        generation,
    )
    silent = await conn.fetch(
        f"select days, count(*)::int from ({SILENT}) d group by 1",
        generation,
        today,
    )
    caseload = await conn.fetch(f"select caseworker, count(*)::int {HELD} group by 1", generation)
    homes = await conn.fetch(
        "select extract(year from secured_on)::int, kind, count(*)::int from home_row"
        " where generation = $1 and not withdrawn group by 1, 2",
        generation,
    )
    return Worked(*([tuple(row) for row in rows] for rows in (plans, outcomes, contacts, silent, caseload, homes)))
