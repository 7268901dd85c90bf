-- Since when a case is cancelled: whoever looks for a cancelled one looks for the latest.
alter table cases add column cancelled_at timestamptz;
update cases c set cancelled_at = n.at
from (
  select subject, max(at) as at from journal
  where type in ('reception.allocation-cancelled.v1', 'reception.settlement-notice-withdrawn.v1') group by subject
) n
where c.id = n.subject and c.status = 'cancelled';
create index cases_by_cancelled on cases (cancelled_at desc, id desc) where status = 'cancelled';
