-- What the dashboard counts. Every figure is a GROUP BY over these rows; `generation` lets a rebuild grow beside what is
-- being read. No foreign keys: a subject's rows never wait for another subject's.
create table case_row (
  generation int not null,
  case_id uuid not null,
  kind text not null check (kind in ('allocation', 'settlement')),
  category text not null,
  quota_year smallint,
  decided_on date not null,
  receive_by date,
  replaces uuid,
  cancelled text,
  primary key (generation, case_id)
) with (fillfactor = 85);
create index case_row_by_quota_year on case_row (generation, quota_year) where kind = 'allocation';

create table person_row (
  generation int not null,
  case_id uuid not null,
  person_id uuid not null,
  sex text not null,
  age_band text not null,
  unaccompanied_minor boolean not null,
  arrived_on date,
  primary key (generation, case_id, person_id)
) with (fillfactor = 85);
create index person_row_arrived on person_row (generation, arrived_on) include (case_id, unaccompanied_minor)
  where arrived_on is not null;
create index person_row_awaited on person_row (generation, case_id) where arrived_on is null;

-- One row per decision; the highest revision of a subject holds.
create table quota_row (
  generation int not null,
  subject uuid not null,
  revision bigint not null,
  quota_year smallint not null,
  target int not null,
  decided_on date not null,
  primary key (generation, subject, revision)
);

create table nomination_row (
  generation int not null,
  nomination_id uuid not null,
  prize text not null,
  prize_year smallint not null,
  nominee_kind text not null,
  submitted_at timestamptz not null,
  primary key (generation, nomination_id)
);

create table notification_row (
  generation int not null,
  notification_id uuid not null,
  rule text not null,
  channel text,
  state text not null check (state in ('sent', 'failed', 'unknown')),
  caused_at timestamptz,
  sent_at timestamptz,
  acknowledged_at timestamptz,
  primary key (generation, notification_id)
);

-- How far each source has been applied: its highest position, and when that source had written its newest applied fact.
create table reached_row (
  generation int not null,
  source text not null,
  position bigint not null,
  recorded_at timestamptz not null,
  primary key (generation, source)
);

-- The last comparison with reception's own count. Not a projection: it survives rebuilds.
create table reconciliation (
  only_row boolean primary key default true check (only_row),
  badge jsonb not null,
  checked_at timestamptz not null default clock_timestamp()
);
