-- The gate: the last sequence applied per consumer, source and subject. Its rows are the lock that fences a zombie.
create table gate (
  consumer text not null,
  source text not null,
  subject uuid not null,
  sequence bigint not null,
  key_hash int not null,
  primary key (consumer, source, subject)
) with (fillfactor = 70);

-- What cannot go on yet, or not without a person: a gap, an unknown type, a record that cannot be read, a rule that failed.
create table held (
  id bigint generated always as identity primary key,
  consumer text not null,
  source text not null,
  subject uuid,
  sequence bigint,
  event_id uuid,
  type text,
  place text not null,
  headers jsonb not null,
  value bytea,
  reason text not null,
  waits_for text not null check (waits_for in ('predecessor', 'retry', 'release', 'person')),
  attempts int not null default 1,
  next_try timestamptz,
  held_at timestamptz not null default clock_timestamp()
);
create unique index held_by_sequence on held (consumer, source, subject, sequence) where subject is not null;
create unique index held_by_place on held (consumer, source, place) where subject is null;
create index held_due on held (consumer, next_try) where next_try is not null;

-- Discarded by a person, with a reason; applies in every rebuild.
create table discarded (
  consumer text not null,
  source text not null,
  event_id uuid not null,
  reason text not null,
  actor text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (consumer, source, event_id)
);

-- What a consumer knows of a source: its journal's epoch, and the last watermark of each partition against its own count.
create table source_epoch (
  consumer text not null,
  source text not null,
  epoch uuid not null,
  stranger uuid,
  stranger_since timestamptz,
  primary key (consumer, source)
);
create table watermark (
  consumer text not null,
  source text not null,
  partition int not null,
  partitions int not null,
  position bigint not null,
  subjects bigint not null,
  events bigint not null,
  seen_subjects bigint not null,
  seen_events bigint not null,
  at timestamptz not null,
  behind_since timestamptz,
  primary key (consumer, source, partition)
);

-- Projections: which generation is read, and which one is being built beside it.
create table projection (
  name text primary key,
  live int not null default 1,
  building int,
  build_from text check (build_from in ('kafka', 'journals')),
  started_at timestamptz,
  applied_at timestamptz
);
