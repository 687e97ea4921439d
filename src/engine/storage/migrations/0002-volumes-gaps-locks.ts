/**
 * Segments of several volumes with sums for each camera and volume, gaps, and locks. Rows from before have an empty
 * `volume_id` until the volume they lie on adopts them.
 */
export const volumesGapsLocks = `
  DROP TRIGGER total_after_insert;
  DROP TRIGGER total_after_update;
  DROP TRIGGER total_after_delete;
  DROP TABLE totals;
  DROP INDEX segments_by_camera;
  DROP INDEX segments_by_age;
  ALTER TABLE segments RENAME TO segments_of_one_volume;

  CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    camera_id TEXT NOT NULL,
    volume_id TEXT NOT NULL,
    -- Relative to the volume.
    file_path TEXT NOT NULL,
    -- The pictures with what can be played with them; or what is recorded in a file of its own beside them.
    content TEXT NOT NULL CHECK (content IN ('main', 'sound', 'metadata')),
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
    state TEXT NOT NULL CHECK (state IN ('writing', 'finished', 'recovered', 'deleting')),
    UNIQUE (volume_id, file_path)
  ) STRICT;
  -- Ids are never used twice, not even those of rows that are gone.
  INSERT INTO sqlite_sequence (name, seq)
    SELECT 'segments', seq FROM sqlite_sequence WHERE name = 'segments_of_one_volume';
  INSERT INTO segments (id, camera_id, volume_id, file_path, content, start_utc_ms, start_monotonic_ms, boot_id, clock_offset_ms,
      media_start_90k, has_audio, duration_90k, byte_length, frame_count, part_count, state)
    SELECT id, camera_id, '', file_path, 'main', start_utc_ms, start_monotonic_ms, boot_id, clock_offset_ms,
      media_start_90k, has_audio, duration_90k, byte_length, frame_count, part_count, state
    FROM segments_of_one_volume ORDER BY id;
  DROP TABLE segments_of_one_volume;
  -- A camera's timeline, and what retention deletes next of it.
  CREATE INDEX segments_by_camera ON segments (camera_id, start_utc_ms);
  -- What retention deletes next of a camera on one volume, when it has moved to another meanwhile.
  CREATE INDEX segments_by_camera_and_volume ON segments (camera_id, volume_id, start_utc_ms);
  -- What retention deletes next of a volume.
  CREATE INDEX segments_by_age ON segments (volume_id, start_utc_ms) WHERE state IN ('finished', 'recovered');
  -- What a start has to look at first.
  CREATE INDEX segments_unfinished ON segments (volume_id) WHERE state IN ('writing', 'deleting');

  -- Sums over segments, kept so that retention need not add up a million rows.
  CREATE TABLE totals (
    volume_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    byte_length INTEGER NOT NULL,
    segment_count INTEGER NOT NULL,
    PRIMARY KEY (volume_id, camera_id)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO totals (volume_id, camera_id, byte_length, segment_count)
    SELECT volume_id, camera_id, sum(byte_length), count(*) FROM segments GROUP BY volume_id, camera_id;
  CREATE TRIGGER total_after_insert AFTER INSERT ON segments BEGIN
    INSERT INTO totals (volume_id, camera_id, byte_length, segment_count)
      VALUES (new.volume_id, new.camera_id, new.byte_length, 1)
      ON CONFLICT (volume_id, camera_id) DO UPDATE
        SET byte_length = byte_length + excluded.byte_length, segment_count = segment_count + 1;
  END;
  CREATE TRIGGER total_after_update AFTER UPDATE OF byte_length ON segments BEGIN
    UPDATE totals SET byte_length = byte_length + new.byte_length - old.byte_length
      WHERE volume_id = new.volume_id AND camera_id = new.camera_id;
  END;
  CREATE TRIGGER total_after_delete AFTER DELETE ON segments BEGIN
    UPDATE totals SET byte_length = byte_length - old.byte_length, segment_count = segment_count - 1
      WHERE volume_id = old.volume_id AND camera_id = old.camera_id;
    DELETE FROM totals
      WHERE volume_id = old.volume_id AND camera_id = old.camera_id AND segment_count = 0;
  END;
  -- Rows from before volumes were told apart pass to the volume they lie on.
  CREATE TRIGGER total_after_adoption AFTER UPDATE OF volume_id ON segments BEGIN
    UPDATE totals SET byte_length = byte_length - old.byte_length, segment_count = segment_count - 1
      WHERE volume_id = old.volume_id AND camera_id = old.camera_id;
    DELETE FROM totals
      WHERE volume_id = old.volume_id AND camera_id = old.camera_id AND segment_count = 0;
    INSERT INTO totals (volume_id, camera_id, byte_length, segment_count)
      VALUES (new.volume_id, new.camera_id, new.byte_length, 1)
      ON CONFLICT (volume_id, camera_id) DO UPDATE
        SET byte_length = byte_length + excluded.byte_length, segment_count = segment_count + 1;
  END;

  CREATE TABLE gaps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    camera_id TEXT NOT NULL,
    start_utc_ms INTEGER NOT NULL,
    -- NULL until footage returns.
    end_utc_ms INTEGER CHECK (end_utc_ms >= start_utc_ms),
    reason TEXT NOT NULL CHECK (reason IN ('camera', 'network', 'node', 'disk', 'planned', 'retention')),
    -- JSON, what was known at the time.
    evidence TEXT NOT NULL CHECK (length(evidence) <= 4096)
  ) STRICT;
  CREATE INDEX gaps_by_camera ON gaps (camera_id, start_utc_ms);
  CREATE UNIQUE INDEX one_open_gap_a_camera ON gaps (camera_id) WHERE end_utc_ms IS NULL;
  -- Retention deletes from the old end: one gap, which grows.
  CREATE UNIQUE INDEX one_retention_gap_a_camera ON gaps (camera_id) WHERE reason = 'retention';

  -- A copy of what the file of locks says, for the choice of what to delete.
  CREATE TABLE locks (
    id INTEGER PRIMARY KEY,
    camera_id TEXT NOT NULL,
    start_utc_ms INTEGER NOT NULL,
    end_utc_ms INTEGER NOT NULL CHECK (end_utc_ms > start_utc_ms)
  ) STRICT;
  CREATE INDEX locks_by_camera ON locks (camera_id, start_utc_ms);
`;
