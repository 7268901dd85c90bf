-- What reminders may know of a prize's edition, as the fold of its events.
create table known_prize (
  id uuid primary key,
  state jsonb not null
);

-- Which year's prize a message is of. Null: of none, or made before this was kept.
alter table notification add column prize_year int;

-- `case_id` is the case, or the prize's edition. `begins_on`: nobody is reminded before that day.
alter table deadline
  add column begins_on date,
  add column prize_year int;
