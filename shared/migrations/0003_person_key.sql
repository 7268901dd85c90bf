-- A person's key. In a schema of its own, so that an ordinary backup can leave it out: without it a sealed row is noise.
create table :keys.person_key (
    person_id  uuid primary key,
    wrapped    bytea not null,
    created_at timestamptz not null default now()
);
