-- What still asks for something about a subject: it is settled when that has been dealt with.
create index notification_about on notification (about) where acknowledged_at is null and settled_at is null;
