-- A prize of one year: its calendar, the jury's proposal, the board's decision.
create table edition (
  id uuid primary key,
  sequence bigint not null default 0,
  state jsonb,
  prize text not null,
  prize_year int not null,
  unique (prize, prize_year)
);

-- Before its first event a nomination has no state.
alter table nomination alter column state drop not null;
update nomination set state = case when sequence > 0 then jsonb_build_object(
  'prize_year', prize_year, 'nominee_kind', nominee_kind, 'receipt_wanted', state -> 'receipt_wanted') end;

-- Whoever holds what this is the SHA-256 of may correct the nomination. Each receipt has a link of its own.
create table nomination_link (
  hash bytea primary key,
  nomination uuid not null references nomination
);
create index nomination_link_of on nomination_link (nomination);

-- What one juror thinks of one nomination. Its comment stands in `nomination_text`, under this id.
create table review (
  id uuid primary key,
  nomination uuid not null,
  juror uuid not null,
  sequence bigint not null default 0,
  state jsonb,
  unique (nomination, juror)
);

-- Members of the jury by the name they sign in with, as the other members and the secretary know them.
create table juror (
  id uuid primary key,
  name text not null
);
