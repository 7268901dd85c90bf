-- The journal: outbox, optimistic lock, audit trail and the source from which Kafka can be rebuilt. Append only.
create table journal_epoch (
  only_row boolean primary key default true check (only_row),
  epoch uuid not null default gen_random_uuid()
);
insert into journal_epoch default values;

create table journal (
  position bigint generated always as identity primary key,
  id uuid not null,
  subject uuid not null,
  sequence bigint not null check (sequence > 0),
  type text not null,
  data json not null,
  at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  actor text not null,
  traceparent text,
  key_hash int not null,
  unique (subject, sequence)
);

create function journal_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the journal is append only';
end $$;
create trigger journal_is_append_only before update or delete or truncate on journal
  for each statement execute function journal_is_append_only();

-- What Kafka has not acknowledged yet: a pointer per journal row, written with it, taken out after the acknowledgement.
create table outbox (position bigint primary key);

-- Subjects whose next event the broker refuses; the others flow on.
create table quarantine (
  subject uuid primary key,
  position bigint not null,
  reason text not null,
  since timestamptz not null default clock_timestamp()
);
