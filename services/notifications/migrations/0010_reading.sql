-- What tells who in a jury has anything left to read, as the folds of nominations and reviews. No points.
create table known_nomination (
  id uuid primary key,
  prize_year int not null,
  state jsonb not null
);
create index known_nomination_of on known_nomination (prize_year);
create table known_review (
  id uuid primary key,
  nomination uuid not null,
  state jsonb not null
);
create index known_review_of on known_review (nomination);
