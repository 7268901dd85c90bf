-- Who set or removed a functional mailbox, and to what: an office's address, so nothing personal but who did it.
create table mailbox_change (
  id bigint generated always as identity primary key,
  role text not null,
  address text,
  language text,
  changed_by text not null,
  changed_at timestamptz not null default clock_timestamp()
);
insert into mailbox_change (role, address, language, changed_by, changed_at)
  select role, address, language, changed_by, changed_at from mailbox order by changed_at;
alter table mailbox drop column changed_by, drop column changed_at;
