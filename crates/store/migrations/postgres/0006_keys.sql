-- Which key sealed it: its first bytes say so. To count a key's values at every start.
create index credentials_by_key on credentials (substr(sealed, 1, 9));

-- The audit is exported in the order of writing.
create index audit_by_number on audit (number);
