-- What the lists of those who work with cases ask for. `due_on` is the day of the next step, written by the same save.
alter table cases
  add column caseworker text,
  add column unit text,
  add column closed boolean not null default false,
  add column due_on date not null default '9999-01-01',
  add column next_step text,
  add column contact_on date;
update cases set due_on = deadline, next_step = 'receive' where status in ('open', 'partly-arrived') and kind = 'allocated';
create index cases_by_caseworker on cases (caseworker, due_on, id) where caseworker is not null;
create index cases_by_unit on cases (unit, due_on, id) where unit is not null;
create index cases_unassigned on cases (due_on, id) where caseworker is null;

-- The colleagues a case can be given to: whoever has signed in to this service, with what their sign-in said of them.
alter table colleagues
  add column unit text,
  add column roles text[] not null default '{}';

-- Who stands in for whom until which day. Set by a manager; each change is in the access log.
create table cover (
  sub text not null,
  for_sub text not null,
  until date not null,
  set_by text not null,
  set_at timestamptz not null default now(),
  primary key (sub, for_sub),
  check (sub <> for_sub)
);

-- Addresses of homes: sealed with a key of their own in `file_key`.
create table homes (
  id uuid primary key,
  case_id uuid not null references cases,
  sealed bytea
);
create index homes_by_case on homes (case_id);
