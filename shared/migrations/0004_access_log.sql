-- Who looked at whom, when and where: never what was searched for, never a name.
-- Positions are gapless (they are taken from the head, under its row lock), so a missing row shows.
create table access_log (
    position      bigint primary key,
    at            timestamptz not null,
    actor         text not null,
    roles         text[] not null,
    action        text not null,
    route         text not null,
    subjects      uuid[] not null,
    persons       uuid[] not null,
    reason        text,
    previous_hash bytea not null,
    hash          bytea not null
);
create index access_log_persons on access_log using gin (persons);

-- The last entry, sealed with the same key as the chain: rows cut off at the end show as well.
create table access_log_head (
    single   boolean primary key default true check (single),
    position bigint not null,
    hash     bytea not null
);
insert into access_log_head (position, hash) values (0, '');

-- Stops an honest mistake; a dishonest owner is found by the chain.
create function access_log_stays() returns trigger language plpgsql as $$
begin
    raise exception 'access_log is append only';
end $$;
create trigger access_log_stays before update or delete or truncate on access_log
    for each statement execute function access_log_stays();
