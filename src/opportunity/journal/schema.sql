-- The journal, version 1. A change of this file raises user_version and brings a migration.
CREATE TABLE secret (key BLOB NOT NULL);
CREATE TABLE suggestions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  complaint TEXT,             -- the helpdesk's id of the complaint
  customer TEXT,              -- a keyed hash, never the name or address
  text TEXT NOT NULL,
  suggestion TEXT NOT NULL    -- JSON
) STRICT;
CREATE INDEX suggestions_at ON suggestions (at);
CREATE INDEX suggestions_customer ON suggestions (customer);
CREATE TABLE corrections (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  suggestion INTEGER NOT NULL REFERENCES suggestions (id) ON DELETE CASCADE,
  at TEXT NOT NULL,
  agent TEXT,
  labels TEXT NOT NULL        -- JSON, the labelling guide's form
) STRICT;
CREATE INDEX corrections_suggestion ON corrections (suggestion);
CREATE TABLE replies (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  suggestion INTEGER NOT NULL REFERENCES suggestions (id) ON DELETE CASCADE,
  at TEXT NOT NULL,
  agent TEXT,
  text TEXT NOT NULL,
  review TEXT                 -- JSON, what the twelve questions said
) STRICT;
CREATE INDEX replies_suggestion ON replies (suggestion);
CREATE TABLE outcomes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  suggestion INTEGER NOT NULL REFERENCES suggestions (id) ON DELETE CASCADE,
  at TEXT NOT NULL,
  level TEXT NOT NULL,
  words TEXT                  -- what the customer said
) STRICT;
CREATE INDEX outcomes_suggestion ON outcomes (suggestion);
CREATE TABLE stories (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  suggestion INTEGER REFERENCES suggestions (id) ON DELETE CASCADE,
  at TEXT NOT NULL,
  customer TEXT,
  title TEXT NOT NULL,
  happened TEXT NOT NULL,
  done TEXT NOT NULL,
  plus_one TEXT,
  said TEXT
) STRICT;
CREATE INDEX stories_at ON stories (at);
CREATE INDEX stories_customer ON stories (customer);
PRAGMA user_version = 1;
