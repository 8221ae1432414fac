-- A file of a format that is not made yet.
PRAGMA application_id = 1702060917;
PRAGMA user_version = 9;
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
CREATE TABLE transitions (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
INSERT INTO meta VALUES ('last', 1), ('epoch', 'futura');
INSERT INTO transitions VALUES (1, x'00ff');
