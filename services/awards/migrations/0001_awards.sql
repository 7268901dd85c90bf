-- One nomination: what counts it. Whom it is for and why is in `nomination_text`.
create table nomination (
  id uuid primary key,
  sequence bigint not null default 0,
  state jsonb not null,
  prize text not null,
  prize_year int not null,
  nominee_kind text not null,
  submitted_on date not null,
  created_at timestamptz not null default clock_timestamp()
);
create index nomination_list on nomination (prize_year, created_at desc, id desc);

-- The one table with personal data: nominee, citation, nominator, e-mail and language, sealed with a key of its own.
create table nomination_text (
  id uuid primary key,
  sealed bytea not null
);
