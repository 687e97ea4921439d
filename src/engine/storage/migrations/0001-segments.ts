/** One row a file of footage. Times in the unit of their suffix; `_90k` is 1/90000 s. */
export const segments = `
  CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    camera_id TEXT NOT NULL,
    -- Relative to the volume.
    file_path TEXT NOT NULL UNIQUE,
    start_utc_ms INTEGER NOT NULL,
    -- The same moment on the clock that only counts, valid within one boot.
    start_monotonic_ms INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    -- The node's clock minus true time, where it was known.
    clock_offset_ms REAL,
    -- The first picture's time in the file.
    media_start_90k INTEGER NOT NULL,
    has_audio INTEGER NOT NULL CHECK (has_audio IN (0, 1)),
    duration_90k INTEGER NOT NULL CHECK (duration_90k >= 0),
    byte_length INTEGER NOT NULL CHECK (byte_length >= 0),
    frame_count INTEGER NOT NULL CHECK (frame_count >= 0),
    part_count INTEGER NOT NULL CHECK (part_count >= 0),
    state TEXT NOT NULL CHECK (state IN ('writing', 'finished', 'recovered', 'deleting'))
  ) STRICT;
  -- A camera's timeline.
  CREATE INDEX segments_by_camera ON segments (camera_id, start_utc_ms);
  -- What retention deletes next.
  CREATE INDEX segments_by_age ON segments (start_utc_ms) WHERE state IN ('finished', 'recovered');

  -- The sum over all segments, kept so that retention need not add up a million rows.
  CREATE TABLE totals (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    byte_length INTEGER NOT NULL
  ) STRICT;
  INSERT INTO totals (id, byte_length) VALUES (1, 0);
  CREATE TRIGGER total_after_insert AFTER INSERT ON segments BEGIN
    UPDATE totals SET byte_length = byte_length + new.byte_length;
  END;
  CREATE TRIGGER total_after_update AFTER UPDATE OF byte_length ON segments BEGIN
    UPDATE totals SET byte_length = byte_length + new.byte_length - old.byte_length;
  END;
  CREATE TRIGGER total_after_delete AFTER DELETE ON segments BEGIN
    UPDATE totals SET byte_length = byte_length - old.byte_length;
  END;
`;
