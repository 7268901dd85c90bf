-- A case's number says how its id ends (shared/case_number.py): found by that.
create index cases_by_case_number on cases (right(id::text, 10));
