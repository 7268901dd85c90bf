-- Rules as data: why somebody got a message, what it goes out with, whose it is now; and what a reminder reminds of.
-- `holder` begins as the recipient and changes hands; `withheld_because` says why there is no mail.
alter table notification
  add column why text not null default 'coordinators',
  add column grouping text not null default 'cases',
  add column bundle text,
  add column holder text,
  add column withheld_because text,
  add column mail_after timestamptz not null default clock_timestamp(),
  add column deadline uuid,
  add column due_on date,
  add column settled_at timestamptz;
update notification set bundle = rule, holder = recipient, mail_after = created_at,
  withheld_because = case when withheld then 'too-old' end;
update notification set why = 'nominator', grouping = 'nominations' where rule = 'nomination-receipt';
alter table notification
  alter column bundle set not null,
  alter column holder set not null,
  alter column why drop default,
  alter column grouping drop default;

drop index notification_open;
drop index notification_inbox;
drop index notification_collecting;
create index notification_open on notification (holder, created_at desc, id desc)
  where channel = 'inbox' and acknowledged_at is null and settled_at is null;
create index notification_inbox on notification (holder, created_at desc, id desc) where channel = 'inbox';
create index notification_collecting on notification (bundle, holder, created_at)
  where channel = 'email' and mail is null and not withheld;
create index notification_reminder on notification (deadline) where deadline is not null;

-- What the rules know of a case, as the fold of its events. Null where it began before there were reminders.
alter table known_case
  add column state jsonb,
  alter column receive_by drop not null;

-- The deadlines that run, each with the next reminder's day. A row goes when its deadline is met or gone.
create table deadline (
  id uuid primary key,
  case_id uuid not null,
  kind text not null,
  due_on date not null,
  caseworker text,
  unit text,
  told_on date,
  raised int,
  next_on date
);
create index deadline_next on deadline (next_on) where next_on is not null;
create index deadline_case on deadline (case_id);

-- While old facts are being read nobody is reminded: what follows may have met the deadline long ago.
create table catching_up (
  only_row boolean primary key default true check (only_row),
  until timestamptz not null
);
