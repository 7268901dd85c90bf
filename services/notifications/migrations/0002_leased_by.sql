-- Which replica holds a mail: a replica that starts again lets go of what its killed predecessor held, at once.
alter table mail add column leased_by text;
