-- How long a notification that was due waited to be handed over, in real time. Null when the event does not say it.
alter table notification_row add column waited_ms bigint;
