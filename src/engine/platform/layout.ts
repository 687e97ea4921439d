import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EngineExit } from './exit.ts';

/**
 * Everything an engine owns lies in one directory (mode 0700, files 0600), so that moving, backing up or removing an
 * engine is moving, copying or removing that directory.
 *
 *     DIR/
 *       engine.lock          held by the running engine, released by the kernel when it dies
 *       etc/                 what this engine is and was told
 *         node.json          who it is: node id, made once
 *         certificate.pem    self-signed X.509, public
 *         certificate.key    its private key (PKCS #8)
 *         tokens/ID.json     one file a token: scope and hash, never the token
 *         config.json        cameras and the other sections, without secrets
 *         volumes.json       which disk each volume is
 *         locks.json         footage that must not be deleted
 *         camera-keys.json   the keys that cameras have shown over TLS
 *         store.key          32 bytes, seals the file below
 *         credentials.sealed every secret of the configuration, AES-256-GCM
 *       var/                 what it knows and could learn again
 *         endpoint.json      address and process of the engine that ran last
 *         token-use.json     when each token was last used
 *         index.sqlite       which footage there is; `.damaged` ones beside it were put aside
 *       recordings/          the footage
 */
export interface EngineLayout {
  readonly root: string;
  readonly lock: string;
  readonly node: string;
  readonly certificate: string;
  readonly certificateKey: string;
  readonly tokens: string;
  readonly config: string;
  readonly volumes: string;
  readonly locks: string;
  readonly cameraKeys: string;
  readonly storeKey: string;
  readonly credentials: string;
  readonly endpoint: string;
  readonly tokenUse: string;
  readonly index: string;
  readonly recordings: string;
}

export function engineLayout(root: string): EngineLayout {
  const etc = join(root, 'etc');
  const state = join(root, 'var');
  return {
    root,
    lock: join(root, 'engine.lock'),
    node: join(etc, 'node.json'),
    certificate: join(etc, 'certificate.pem'),
    certificateKey: join(etc, 'certificate.key'),
    tokens: join(etc, 'tokens'),
    config: join(etc, 'config.json'),
    volumes: join(etc, 'volumes.json'),
    locks: join(etc, 'locks.json'),
    cameraKeys: join(etc, 'camera-keys.json'),
    storeKey: join(etc, 'store.key'),
    credentials: join(etc, 'credentials.sealed'),
    endpoint: join(state, 'endpoint.json'),
    tokenUse: join(state, 'token-use.json'),
    index: join(state, 'index.sqlite'),
    recordings: join(root, 'recordings'),
  };
}

/** Makes the directories that are missing. Throws `EngineExit` when the engine may not write there. */
export function makeDirectories(layout: EngineLayout): void {
  for (const path of [layout.root, layout.tokens, join(layout.root, 'var'), layout.recordings]) {
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new EngineExit(
        'directory-unusable',
        `The engine cannot write to ${layout.root} (${errorCode(error)} at ${path}). Give its user write permission there or choose another directory with --dir.`,
      );
    }
  }
}

/** The system's name for what went wrong, such as `EACCES`. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'unknown error';
}
