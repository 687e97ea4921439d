/** Writes and reads the little of tar that bundles need: POSIX.1-2001 (pax) `ustar` headers, plain files and folders. */
const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;

export interface TarEntry {
  /** Relative, with slashes. A folder ends with one and has no content. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly executable: boolean;
}

/** An archive whose bytes depend on nothing but its arguments: one time for all entries, no owner, the given order. */
export function writeTar(entries: readonly TarEntry[], modifiedUtcSeconds: number): Buffer {
  const blocks = entries.flatMap(({ path, content, executable }) => {
    const isFolder = path.endsWith('/');
    return [
      header({
        path,
        mode: isFolder || executable ? 0o755 : 0o644,
        byteLength: content.length,
        modifiedUtcSeconds,
        typeFlag: isFolder ? '5' : '0',
      }),
      content,
      Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES),
    ];
  });
  // Two empty blocks end an archive.
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** The content of one file of an archive. Throws when it has none of that name. */
export function readTarFile(archive: Buffer, path: string): Buffer {
  for (let offset = 0; offset + BLOCK_BYTES <= archive.length;) {
    const block = archive.subarray(offset, offset + BLOCK_BYTES);
    const name = text(block, 0, NAME_BYTES);
    if (name === '') break;
    const prefix = text(block, 345, PREFIX_BYTES);
    const byteLength = Number.parseInt(text(block, 124, 12), 8);
    const start = offset + BLOCK_BYTES;
    if ((prefix === '' ? name : `${prefix}/${name}`) === path)
      return archive.subarray(start, start + byteLength);
    offset = start + Math.ceil(byteLength / BLOCK_BYTES) * BLOCK_BYTES;
  }
  throw new Error(`The archive has no file ${path}.`);
}

interface HeaderFields {
  readonly path: string;
  readonly mode: number;
  readonly byteLength: number;
  readonly modifiedUtcSeconds: number;
  readonly typeFlag: '0' | '5';
}

function header(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  if (Buffer.byteLength(fields.path) > NAME_BYTES)
    throw new RangeError(`The path is too long for tar: ${fields.path}`);
  block.write(fields.path, 0);
  block.write(octal(fields.mode, 7), 100);
  // Owner and group 0.
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(fields.byteLength, 11), 124);
  block.write(octal(fields.modifiedUtcSeconds, 11), 136);
  block.write(fields.typeFlag, 156);
  block.write('ustar\u000000', 257, 'latin1');
  // The sum is made with spaces in its own place.
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function text(block: Buffer, offset: number, byteLength: number): string {
  const field = block.subarray(offset, offset + byteLength);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? byteLength : end).trim();
}
