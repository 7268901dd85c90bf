-- When a message was to be handed over, in real time: when its cause was written down or, for a mail that its recipient
-- has collected, at the hour of that. What is handed over is measured from here.
alter table notification add column due_at timestamptz;
update notification set due_at = case when channel = 'email' then mail_after else created_at end;
alter table notification alter column due_at set not null;
