-- An item can be put off by one person until a day, and handed over to a colleague.
alter table notification add column handed_by text, add column handed_at timestamptz;
create table snooze (
  notification uuid not null,
  sub text not null,
  until date not null,
  primary key (notification, sub)
);

-- A mail's life: every attempt with what came of it (a code, never a server's words), and who started it again, why.
create table mail_attempt (
  mail uuid not null,
  number int not null,
  at timestamptz not null default clock_timestamp(),
  result text not null
);
create index mail_attempt_mail on mail_attempt (mail, at);
create table mail_resend (
  mail uuid not null,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  reason text not null
);
create index mail_resend_mail on mail_resend (mail, at);
