-- Journals that an operator has replaced by a newer one: what they said is passed over, also by generations built later.
create table retired_epoch (
  source text not null,
  epoch uuid not null,
  at timestamptz not null default clock_timestamp(),
  primary key (source, epoch)
);
