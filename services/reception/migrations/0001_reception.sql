-- One row per household. `state` is the fold of its journal; the typed columns are what lists ask for, written by the same save.
create table cases (
  id uuid primary key,
  sequence bigint not null default 0,
  state jsonb,
  allocation_number text unique,
  kind text,
  category text,
  status text,
  quota_year int,
  decided_on date,
  receive_by date,
  deadline date not null default '9999-01-01',
  household int not null default 0,
  arrived int not null default 0
);
create index cases_by_deadline on cases (deadline, id);
create index cases_by_status on cases (status, deadline, id);
create index cases_by_quota on cases (quota_year) where quota_year is not null;

create table quotas (
  id uuid primary key,
  quota_year int not null unique,
  sequence bigint not null default 0,
  state jsonb
);

-- The only table with personal data: sealed with a key per person. `place` is the order within the household.
create table person (
  id uuid primary key,
  case_id uuid not null references cases,
  place int not null,
  current boolean not null default true,
  protected boolean not null,
  sealed bytea not null,
  number_index bytea,
  dossier_index bytea,
  name_index bytea
);
create index person_by_case on person (case_id, place);
create index person_by_number on person (number_index) where number_index is not null;
create index person_by_dossier on person (dossier_index) where dossier_index is not null;
create index person_by_name on person (name_index) where name_index is not null;

-- A file waits here sealed, and is emptied when its last household is done. Its name is not kept: it may name somebody.
create table imports (
  id uuid primary key,
  format text not null check (format in ('csv', 'xlsx', 'json')),
  sealed bytea,
  uploaded_at timestamptz not null,
  uploaded_by text not null,
  state text not null check (state in ('waiting', 'working', 'done', 'refused')),
  reason jsonb,
  rows int,
  households int,
  unused text[] not null default '{}',
  failures int not null default 0,
  finished_at timestamptz
);
create index imports_to_do on imports (uploaded_at, id) where state in ('waiting', 'working');

-- Another version of a known allocation, for a person to decide. Sealed with a key of its own, emptied by the decision.
create table conflicts (
  id uuid primary key,
  case_id uuid not null references cases,
  digest bytea not null,
  sealed bytea,
  fields text[] not null,
  decision text check (decision in ('keep', 'take')),
  decided_by text,
  decided_at timestamptz,
  unique (case_id, digest)
);

-- What became of each household of a file. Progress is counted from these rows.
create table import_outcomes (
  import_id uuid not null references imports,
  ordinal int not null,
  line int not null,
  allocation_number text,
  outcome text not null check (outcome in ('accepted', 'known', 'changed', 'refused')),
  case_id uuid references cases,
  conflict_id uuid references conflicts,
  faults jsonb not null default '[]',
  primary key (import_id, ordinal)
);

-- Keys of what is not a person: waiting files and open conflicts. As the person keys, outside the ordinary backup.
create table :keys.file_key (
  person_id uuid primary key,
  wrapped bytea not null,
  created_at timestamptz not null default now()
);

-- Names of the staff who acted, for the timelines of pages.
create table colleagues (
  sub text primary key,
  name text not null
);
