-- Casework: who has the case, whether it is closed, and its plans, contacts and homes. Old generations know nothing of
-- them; a rebuild fills them in.
alter table case_row
  add column caseworker text,
  add column unit text,
  add column closed_on date,
  add column close_reason text;

create table plan_row (
  generation int not null,
  case_id uuid not null,
  plan_id uuid not null,
  person_id uuid not null,
  created_on date not null,
  goal text not null,
  follow_up_on date not null,
  ended_on date,
  outcome text,
  primary key (generation, case_id, plan_id)
) with (fillfactor = 85);

create table contact_row (
  generation int not null,
  case_id uuid not null,
  contact_id uuid not null,
  kind text not null,
  outcome text not null,
  contacted_on date not null,
  withdrawn boolean not null,
  primary key (generation, case_id, contact_id)
);

create table home_row (
  generation int not null,
  case_id uuid not null,
  home_id uuid not null,
  kind text not null,
  secured_on date not null,
  withdrawn boolean not null,
  primary key (generation, case_id, home_id)
);
