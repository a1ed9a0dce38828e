-- Which key sealed it: its first bytes say so. To count a key's values at every start.
create index credentials_by_key on credentials (substr(sealed, 1, 9));
