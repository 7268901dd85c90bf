-- A household that came without a home needs one from the day it came: the lists' next step says so of stored cases, too.
update cases c set due_on = n.due, next_step = 'housing'
from (
  select id, least(receive_by, (select min((p->>'arrived_on')::date) from jsonb_array_elements(state->'persons') p)) as due
  from cases
  where kind = 'allocated' and status in ('partly-arrived', 'arrived') and not closed and not exists (
    select from jsonb_array_elements(coalesce(state->'homes', '[]')) h where not coalesce((h->>'withdrawn')::boolean, false)
  )
) n
where c.id = n.id and n.due <= c.due_on;
