-- A file of another application: bookmarks.
PRAGMA application_id = 1647258929;
PRAGMA user_version = 2;
CREATE TABLE alerts (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
INSERT INTO alerts VALUES (1, 'https://example.org');
