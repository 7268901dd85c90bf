-- Records that name no event and that a person has ended: known again by where and what they are, in every generation.
create table discarded_place (
  consumer text not null,
  source text not null,
  place text not null,
  digest bytea not null,
  reason text not null,
  actor text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (consumer, source, place, digest)
);
