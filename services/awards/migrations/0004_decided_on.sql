-- A decision's day is kept with the edition, since a decision that was recorded wrong can be recorded anew.
update edition e set state = e.state || jsonb_build_object('decided_on', (
  select j.data::jsonb ->> 'decided_on' from journal j
  where j.subject = e.id and (j.type like 'awards.prize-decided.%' or j.type like 'awards.prize-withheld.%')
  order by j.sequence desc limit 1))
where e.state ->> 'outcome' is not null;
