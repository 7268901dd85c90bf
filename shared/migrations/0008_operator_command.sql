-- What operators have done to the flow of events: who, what, to which event, subject, source or projection, and why.
create table operator_command (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  command text not null,
  target text not null,
  reason text
);
