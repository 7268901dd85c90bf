-- What an alert about an allocation can say without naming anybody: how many persons, and by when. Follows corrections.
create table known_case (
  id uuid primary key,
  persons int not null,
  receive_by date not null,
  cancelled boolean not null default false
);
