-- Which members of the jury have opened a prize year's reading list, and when they last did anything with it.
create table reader (
  juror uuid not null references juror,
  prize_year int not null,
  last_on date not null,
  primary key (juror, prize_year)
);
insert into reader
select r.juror, n.prize_year, max((j.at at time zone 'Europe/Stockholm')::date)
from review r join juror on juror.id = r.juror join nomination n on n.id = r.nomination
join journal j on j.subject = r.id and j.type not like 'awards.recusal-lifted.%'
group by r.juror, n.prize_year;
