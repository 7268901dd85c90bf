-- What a person chose: which messages are mailed how soon, when it is quiet, and who stands in during an absence.
create table preference (
  sub text primary key,
  cases text not null check (cases in ('now', 'hourly', 'daily', 'never')),
  reminders text not null check (reminders in ('now', 'hourly', 'daily', 'never')),
  quiet_from time,
  quiet_to time,
  absent_from date,
  absent_to date,
  stand_in text,
  changed_at timestamptz not null default clock_timestamp(),
  check ((quiet_from is null) = (quiet_to is null)),
  check ((absent_from is null) = (absent_to is null)),
  check (absent_from is null or stand_in is not null)
);
