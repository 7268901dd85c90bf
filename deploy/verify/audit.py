"""Who looked at whom: the chain of every access log verifies, and commands with persons left their entry (I7)."""

from deploy.verify.findings import Report
from deploy.verify.site import Site
from shared.access_log import AccessLog

# Every case that a kept answer made with its persons, and how many entries say so: the same actor, route and case. What
# makes a case may be sent again and correct it: each answer leaves its one entry. Joined by all three at once: looking
# through the log anew for every answer takes the square of the history.
_COMMANDS = """
with entry as (
  select position, actor, route, named.subject
  from access_log, lateral (select distinct unnest(subjects) as subject) named where action = 'change'
), command as (
  select actor, route, answer->'data'->>'case' as subject, min(key::text) as key, count(*) as kept,
    count(*) filter (where status = 201 and jsonb_typeof(answer->'data'->'persons') = 'array'
      and jsonb_array_length(answer->'data'->'persons') > 0) as made
  from idempotency where answer->'data'->>'case' is not null group by 1, 2, 3
)
select c.key, c.route, c.subject, c.kept, count(e.position) as entries
from command c left join entry e on (e.actor, e.route, e.subject) = (c.actor, c.route, c.subject::uuid)
where c.made > 0 group by c.actor, c.key, c.route, c.subject, c.kept
"""


async def check_audit(site: Site, report: Report) -> None:
    said = []
    for service, master in site.master_keys.items():
        async with site.database(service) as connection:
            entries = await connection.fetchval("select position from access_log_head")
            broken = await AccessLog(service, master).verify(connection)
        said.append(f"{service} {entries:,}")
        if broken is not None:
            report.found("I7", f"the access log of {service} is {broken.how} at {broken.position}")
    report.saw("I7", f"chains of {sum(int(s.split()[1].replace(',', '')) for s in said):,} entries: {', '.join(said)}")
    async with site.database("reception") as connection:
        rows = await connection.fetch(_COMMANDS)
    wrong = [
        f"{r['route']} {r['key']} of {r['subject']}: {r['entries']} entries of {r['kept']}"
        for r in rows
        if r["entries"] != r["kept"]
    ]
    report.found_all("I7", "a command with persons that has not one entry", wrong)
    report.saw("I7", f"{len(rows):,} commands that made persons, one entry each")
