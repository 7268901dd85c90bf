-- One message to one recipient because of one event. `recipient` names a role or a kind, never an address.
create table notification (
  id uuid primary key,
  sequence bigint not null default 0,
  state jsonb not null,
  rule text not null,
  channel text not null check (channel in ('inbox', 'email')),
  recipient text not null,
  cause uuid not null,
  caused_at timestamptz not null,
  about uuid not null,
  withheld boolean not null default false,
  traceparent text,
  created_at timestamptz not null default clock_timestamp(),
  mail uuid,
  acknowledged_by text,
  acknowledged_at timestamptz
);
-- the inbox: open ones first, newest first
create index notification_open on notification (recipient, created_at desc, id desc)
  where channel = 'inbox' and acknowledged_at is null;
create index notification_inbox on notification (recipient, created_at desc, id desc) where channel = 'inbox';
-- what waits for its mail
create index notification_collecting on notification (rule, recipient, created_at)
  where channel = 'email' and mail is null and not withheld;
create index notification_mail on notification (mail) where mail is not null;
create index notification_withheld on notification (created_at) where withheld;

-- One e-mail: which notifications it carries is fixed when the row is made, its text when it is first written.
create table mail (
  id uuid primary key,
  rule text not null,
  recipient text not null,
  about uuid not null,
  notifications int not null,
  status text not null default 'waiting' check (status in ('waiting', 'sent', 'failed')),
  text text,
  attempts int not null default 0,
  composed_at timestamptz not null default clock_timestamp(),
  started_at timestamptz not null default clock_timestamp(),
  next_try timestamptz not null default clock_timestamp(),
  lease uuid,
  leased_until timestamptz,
  reason text,
  ended_at timestamptz
);
create index mail_due on mail (next_try) where status = 'waiting';
create index mail_newest on mail (composed_at desc, id desc);
create index mail_by_status on mail (status, composed_at desc, id desc);
create index mail_recent on mail (recipient, rule, composed_at);

-- Who has signed in, with what they may do. The name and the address are in `recipient`.
create table directory (
  sub text primary key,
  recipient uuid not null,
  roles text[] not null,
  unit text,
  language text not null default 'sv',
  seen_at timestamptz not null default clock_timestamp()
);

-- The one table with personal data: name and e-mail of a person in the directory, sealed with the person's own key.
create table recipient (
  id uuid primary key,
  sealed bytea not null
);

-- The functional mailbox of a role: an office's address, nobody's own.
create table mailbox (
  role text primary key,
  address text not null,
  language text not null check (language in ('sv', 'en')),
  changed_by text not null,
  changed_at timestamptz not null default clock_timestamp()
);
