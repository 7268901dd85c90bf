-- Before a cancelled allocation holds again it is asked whether another one replaces it.
create index cases_by_replaced on cases ((state->>'replaces')) where state->>'replaces' is not null;
