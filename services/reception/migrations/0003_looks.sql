-- The monthly sample of the access log and what its review found. Codes only: a note names nobody.
create table looks (
  position bigint primary key,
  month date not null check (extract(day from month) = 1),
  why text not null check (why in ('protected', 'outside', 'other')),
  drawn_at timestamptz not null default now(),
  outcome text check (outcome in ('ok', 'explain')),
  note text,
  reviewed_by text,
  reviewed_at timestamptz,
  check ((outcome is null) = (reviewed_by is null))
);
create index looks_by_month on looks (month, position);
