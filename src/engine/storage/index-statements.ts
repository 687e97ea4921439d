/** Every statement of the index. Constants: a database prepares each once. */

const segmentColumns = `id, camera_id, volume_id, file_path, content, start_utc_ms, start_monotonic_ms, boot_id,
  clock_offset_ms, media_start_90k, has_audio, duration_90k, byte_length, frame_count, part_count, state`;

/** A segment that touches a lock of its camera. */
const isLocked = `EXISTS (SELECT 1 FROM locks WHERE locks.camera_id = segments.camera_id
  AND locks.start_utc_ms < segments.start_utc_ms + segments.duration_90k / 90.0
  AND locks.end_utc_ms > segments.start_utc_ms)`;

const mayBeDeleted = `state IN ('finished', 'recovered') AND NOT ${isLocked}`;

const oldestTail = `${mayBeDeleted} AND (start_utc_ms, id) > (:afterUtcMs, :afterId)
  ORDER BY start_utc_ms, id LIMIT :limit`;

// The plus keeps SQLite from an index whose rows it would have to sort.
const firstRecorded = `SELECT ${segmentColumns} FROM segments
  WHERE (:volumeId IS NULL OR +volume_id = :volumeId) AND (:cameraId IS NULL OR +camera_id = :cameraId)
    AND ${mayBeDeleted} AND id > :afterId ORDER BY id LIMIT :limit`;

/** No segment is longer: it bounds what a lock is compared with. */
const longestSegmentMs = 3_600_000;

/** No segment is looked at that ended before the last one to begin before the range. */
const touchesRange = `camera_id = :cameraId AND content = :content AND state <> 'deleting' AND start_utc_ms < :toUtcMs
      AND start_utc_ms >= coalesce(
        (SELECT max(start_utc_ms) FROM segments
         WHERE camera_id = :cameraId AND content = :content AND state <> 'deleting' AND start_utc_ms <= :fromUtcMs), :fromUtcMs)
      AND start_utc_ms + duration_90k / 90.0 > :fromUtcMs`;

/** Trims everything that is not a slash off a path's end. */
const directoryWithSlash = "rtrim(found.path, replace(found.path, '/', ''))";

// What follows a slash in ASCII is '0': every path in the directory lies between, and those of directories below are left out.
const isInDirectory = `volume_id = :volumeId AND file_path > :afterPath AND file_path < :directoryPath || '0'
      AND instr(substr(file_path, length(:directoryPath) + 2), '/') = 0`;

export const segmentStatements = {
  insert: `INSERT INTO segments (camera_id, volume_id, file_path, content, start_utc_ms, start_monotonic_ms, boot_id,
      clock_offset_ms, media_start_90k, has_audio, duration_90k, byte_length, frame_count, part_count, state)
    VALUES (:cameraId, :volumeId, :filePath, :content, :startUtcMs, :startMonotonicMs, :bootId,
      :clockOffsetMs, :mediaStart90k, :hasAudio, :duration90k, :byteLength, :frameCount, :partCount, :state)
    RETURNING id`,
  update: `UPDATE segments SET duration_90k = :duration90k, byte_length = :byteLength, frame_count = :frameCount,
      part_count = :partCount, state = :state
    WHERE id = :id AND state <> 'deleting'`,
  mark: `UPDATE segments SET state = 'deleting'
    WHERE id = :id AND (state = 'deleting' OR (state <> 'writing' AND NOT ${isLocked})) RETURNING id`,
  growRetentionGap: `INSERT INTO gaps (camera_id, start_utc_ms, end_utc_ms, reason, evidence)
    SELECT camera_id, start_utc_ms, start_utc_ms + duration_90k / 90, 'retention', :evidence
      FROM segments WHERE id = :id AND state = 'deleting' AND content = 'main' AND frame_count > 0
    ON CONFLICT (camera_id) WHERE reason = 'retention' DO UPDATE
      SET start_utc_ms = min(start_utc_ms, excluded.start_utc_ms), end_utc_ms = max(end_utc_ms, excluded.end_utc_ms),
        evidence = excluded.evidence`,
  remove: 'DELETE FROM segments WHERE id = :id',
  list: `SELECT ${segmentColumns} FROM segments
    WHERE ${touchesRange} AND (start_utc_ms, id) > (:afterUtcMs, :afterId) ORDER BY start_utc_ms, id LIMIT :limit`,
  // Islands: a segment that begins later than every one before it ended, and the tolerance, begins a span; and so does one
  // after a shorter hole that a gap accounts for.
  spans: `WITH
    page AS (
      SELECT id, start_utc_ms, start_utc_ms + duration_90k / 90.0 AS end_utc_ms, byte_length FROM segments
      WHERE ${touchesRange} AND frame_count > 0 ORDER BY start_utc_ms, id LIMIT :limit),
    followed AS (
      SELECT *, coalesce(max(end_utc_ms) OVER (ORDER BY start_utc_ms, id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), -1e15) AS covered_utc_ms
      FROM page),
    marked AS (
      SELECT *, start_utc_ms > :toleranceMs + covered_utc_ms OR (start_utc_ms > covered_utc_ms + 1 AND EXISTS (
        SELECT 1 FROM gaps WHERE gaps.camera_id = :cameraId
          AND gaps.start_utc_ms < followed.start_utc_ms AND gaps.end_utc_ms > followed.covered_utc_ms)) AS begins
      FROM followed),
    numbered AS (
      SELECT *, sum(begins) OVER (ORDER BY start_utc_ms, id ROWS UNBOUNDED PRECEDING) AS number FROM marked)
    SELECT min(start_utc_ms) AS start_utc_ms, max(end_utc_ms) AS end_utc_ms, count(*) AS segment_count,
      sum(byte_length) AS byte_length
    FROM numbered GROUP BY number ORDER BY number`,
  find: `SELECT ${segmentColumns} FROM segments WHERE id = :id`,
  findByPath: `SELECT ${segmentColumns} FROM segments WHERE volume_id = :volumeId AND file_path = :filePath`,
  oldest: `SELECT ${segmentColumns} FROM segments WHERE ${oldestTail}`,
  oldestOfVolume: `SELECT ${segmentColumns} FROM segments WHERE volume_id = :volumeId AND ${oldestTail}`,
  oldestOfCamera: `SELECT ${segmentColumns} FROM segments WHERE camera_id = :cameraId AND ${oldestTail}`,
  oldestOfCameraOnVolume: `SELECT ${segmentColumns} FROM segments
    WHERE camera_id = :cameraId AND volume_id = :volumeId AND ${oldestTail}`,
  firstRecorded,
  totals: `SELECT volume_id, camera_id, byte_length, segment_count,
      (SELECT start_utc_ms FROM segments WHERE segments.camera_id = totals.camera_id
        AND segments.volume_id = totals.volume_id ORDER BY start_utc_ms LIMIT 1) AS oldest_utc_ms,
      (SELECT start_utc_ms FROM segments WHERE segments.camera_id = totals.camera_id
        AND segments.volume_id = totals.volume_id ORDER BY start_utc_ms DESC LIMIT 1) AS newest_utc_ms
    FROM totals ORDER BY volume_id, camera_id`,
  lockedTotals: `SELECT volume_id, camera_id, sum(byte_length) AS byte_length FROM segments
    WHERE state IN ('finished', 'recovered') AND id IN (
      SELECT touched.id FROM locks CROSS JOIN segments AS touched ON touched.camera_id = locks.camera_id
        AND touched.start_utc_ms > locks.start_utc_ms - ${longestSegmentMs} AND touched.start_utc_ms < locks.end_utc_ms
      WHERE touched.start_utc_ms + touched.duration_90k / 90.0 > locks.start_utc_ms)
    GROUP BY volume_id, camera_id`,
  unfinished: `SELECT ${segmentColumns} FROM segments
    WHERE volume_id = :volumeId AND state IN ('writing', 'deleting') AND id > :afterId ORDER BY id LIMIT :limit`,
  inDirectory: `SELECT ${segmentColumns} FROM segments WHERE ${isInDirectory} ORDER BY file_path LIMIT :limit`,
  unknownFiles: `SELECT value AS path FROM json_each(:filePaths)
    WHERE NOT EXISTS (SELECT 1 FROM segments WHERE volume_id = :volumeId AND file_path = value)`,
  doubtfulRows: `SELECT ${segmentColumns} FROM segments WHERE ${isInDirectory} AND state <> 'deleting'
      AND (state = 'writing' OR start_utc_ms >= :recentSinceUtcMs
        OR file_path NOT IN (SELECT value FROM json_each(:filePaths)))
    ORDER BY file_path`,
  directories: `WITH RECURSIVE
    found (path) AS (
      SELECT (SELECT file_path FROM segments WHERE volume_id = :volumeId AND file_path > :afterDirectory || '0'
        ORDER BY file_path LIMIT 1)
      UNION ALL
      SELECT (SELECT file_path FROM segments
          WHERE volume_id = :volumeId AND file_path > substr(${directoryWithSlash}, 1, length(${directoryWithSlash}) - 1) || '0'
          ORDER BY file_path LIMIT 1)
        FROM found WHERE path IS NOT NULL
      LIMIT :limit)
    SELECT substr(${directoryWithSlash}, 1, length(${directoryWithSlash}) - 1) AS path FROM found WHERE path IS NOT NULL`,
  adopt: "UPDATE segments SET volume_id = :volumeId WHERE volume_id = ''",
  changes: 'SELECT changes() AS count',
  lastFootage: `SELECT start_utc_ms + duration_90k / 90.0 AS end_utc_ms, boot_id FROM segments
    WHERE camera_id = :cameraId AND content = 'main' AND state <> 'deleting' AND frame_count > 0
      AND start_utc_ms < :beforeUtcMs
    ORDER BY start_utc_ms DESC, id DESC LIMIT 1`,
} as const;

const gapColumns = 'id, camera_id, start_utc_ms, end_utc_ms, reason, evidence';

export const gapStatements = {
  insert: `INSERT INTO gaps (camera_id, start_utc_ms, end_utc_ms, reason, evidence)
    VALUES (:cameraId, :startUtcMs, :endUtcMs, :reason, :evidence) RETURNING id`,
  update: `UPDATE gaps SET start_utc_ms = :startUtcMs, end_utc_ms = :endUtcMs, reason = :reason, evidence = :evidence
    WHERE id = :id`,
  remove: 'DELETE FROM gaps WHERE id = :id',
  open: `SELECT ${gapColumns} FROM gaps WHERE camera_id = :cameraId AND end_utc_ms IS NULL`,
  list: `SELECT ${gapColumns} FROM gaps
    WHERE camera_id = :cameraId AND start_utc_ms < :toUtcMs AND (end_utc_ms IS NULL OR end_utc_ms > :fromUtcMs)
    ORDER BY start_utc_ms, id LIMIT :limit`,
  allFromOldest: `SELECT ${gapColumns} FROM gaps ORDER BY id`,
  allFromNewest: `SELECT ${gapColumns} FROM gaps ORDER BY id DESC`,
  count: "SELECT count(*) AS count FROM gaps WHERE camera_id = :cameraId AND reason <> 'retention'",
} as const;

export const lockStatements = {
  clear: 'DELETE FROM locks',
  count: `SELECT count(*) AS count FROM locks
    WHERE camera_id = :cameraId AND start_utc_ms < :endUtcMs AND end_utc_ms > :startUtcMs`,
  insert:
    'INSERT INTO locks (camera_id, start_utc_ms, end_utc_ms) VALUES (:cameraId, :startUtcMs, :endUtcMs)',
} as const;
