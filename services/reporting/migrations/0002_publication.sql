-- Tables that others have published, as they were imported. Not a projection: it survives rebuilds.
create table publication (
  id uuid primary key,
  kind text not null check (kind in ('received', 'quota')),
  year smallint not null,
  revision int not null,
  published_on date not null,
  imported_at timestamptz not null default clock_timestamp(),
  imported_by text not null,
  digest bytea not null,
  rows jsonb not null,
  unique (kind, year, revision)
);
