-- What a command answered, so that repeating it answers the same and does nothing. Status is null only inside the
-- transaction that does the work: no other transaction ever sees such a row.
create table idempotency (
    actor      text not null,
    route      text not null,
    key        uuid not null,
    body_hash  bytea not null,
    status     smallint,
    answer     jsonb,
    created_at timestamptz not null default now(),
    primary key (actor, route, key)
);
create index idempotency_created_at on idempotency (created_at);
