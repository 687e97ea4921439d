import { createHash } from 'node:crypto';
import { bundleSignatureNamespace, bundleSignerIdentity } from '../../../shared/engine-api/index.ts';
import type { VerifiedBundle } from '../bundle/index.ts';
import { fail } from '../../failure.ts';
import { shellScript } from '../ssh/index.ts';
import type { ExecOptions, ExecResult, SshConnection, UploadOptions } from '../ssh/index.ts';
import type { NodeHost } from './ports.ts';
import { commandFailure, expectSuccess } from './shell-results.ts';

/** What the scripts exit with when a bundle is not what it should be, and when its signature is not from the pinned key. */
const damagedStatus = 65;
const unsignedStatus = 77;
const unpackTimeoutMs = 5 * 60_000;
const checkTimeoutMs = 2 * 60_000;

/** In a release's folder: nothing is missing, changed, added or linked. `$sums` is the SHA-256 of the list that the desk trusts. */
const isWholeFunction = `
is_whole() {
  sum=$(sha256sum <SHA256SUMS) && [ "\${sum%% *}" = "$sums" ] && sha256sum -c SHA256SUMS >/dev/null 2>&1 &&
    [ -z "$(find . ! -type f ! -type d)" ] &&
    [ "$(find . -type f | wc -l)" -eq $(($(wc -l <SHA256SUMS) + 2)) ]
}
`;

const scripts = {
  isInstalled: `
    sums=$2
    ${isWholeFunction}
    cd "$1" 2>/dev/null && is_whole
  `,
  hasArchive: '[ -f "$1" ] && sum=$(sha256sum "$1") && [ "${sum%% *}" = "$2" ]',
  removeArchive: 'rm -f "$1" "$1.part"',
  prepareIncoming:
    'umask 077; mkdir -p "$1" && find "$1" -type f -name "belvedere-engine-*" ! -name "$2" -exec rm -f {} +',
  // Through cat: what a shell's own printf says of a full disk is not the reason.
  pinSigner: `
    umask 022
    [ -s "$1" ] || { mkdir -p "\${1%/*}" && printf '%s\\n' "$2" | cat >"$1.new" && mv "$1.new" "$1"; }
  `,
  unpack: `
    set -eu
    umask 022
    releases=$1 version=$2 archive=$3 sums=$4 signers=$5 identity=$6 namespace=$7
    ${isWholeFunction}
    new=$releases/.$version.new
    mkdir -p "$releases"
    rm -rf "$new"
    mkdir "$new"
    trap 'rm -rf "$new"' EXIT
    trap 'exit 1' HUP INT TERM
    tar -x -z -o -f "$archive" -C "$new"
    cd "$new/belvedere-engine-$version" || exit ${String(damagedStatus)}
    is_whole || exit ${String(damagedStatus)}
    if command -v ssh-keygen >/dev/null 2>&1; then
      ssh-keygen -Y verify -f "$signers" -I "$identity" -n "$namespace" -s SHA256SUMS.sig <SHA256SUMS >/dev/null 2>&1 ||
        exit ${String(unsignedStatus)}
    fi
    # Sums and signature say nothing of modes.
    chmod -R ug-s,-t,u+rwX,go+rX,go-w .
    sync -f . 2>/dev/null || sync
    cd /
    rm -rf "$releases/.$version.old"
    [ ! -e "$releases/$version" ] || mv "$releases/$version" "$releases/.$version.old"
    mv "$new/belvedere-engine-$version" "$releases/$version"
    rm -rf "$releases/.$version.old"
  `,
  removeRelease: `
    cd "$1" 2>/dev/null || exit 0
    rm -rf "releases/.$2.new" "releases/.$2.old"
    [ "$(readlink current)" = "releases/$2" ] || rm -rf "releases/$2"
    # Nothing was ever enrolled here, so no key is pinned.
    [ -L current ] || rm -f "$3"
  `,
  readCurrent: 'readlink "$1/current" || [ ! -e "$1/current" ]',
  switchTo: `
    set -eu
    cd "$1"
    now=$(readlink current || :)
    [ "$now" != "releases/$2" ] || exit 0
    if [ -n "$now" ]; then
      ln -sfn "$now" .previous.new
      mv -fT .previous.new previous
    else
      rm -f previous
    fi
    ln -sfn "releases/$2" .current.new
    mv -fT .current.new current
  `,
  switchBack: `
    set -eu
    cd "$1"
    [ "$(readlink current || :)" = "releases/$2" ] || exit 0
    before=$(readlink previous || :)
    if [ -n "$before" ] && [ -d "$before" ]; then
      ln -sfn "$before" .current.new
      mv -fT .current.new current
    else
      rm -f current
    fi
  `,
  tidy: `
    set -eu
    cd "$1/releases"
    keep=$(basename "$(readlink ../current)")
    also=$(basename "$(readlink ../previous || echo .)")
    for release in * .*.new .*.old; do
      case $release in "$keep" | "$also" | '*' | '.*.new' | '.*.old') continue ;; esac
      rm -rf "./$release"
      echo "$release"
    done
  `,
} as const;

/** The releases on a node: `releases/VERSION`, the links `current` and `previous`, and the archive on its way there. */
export class NodeReleases {
  readonly #host: NodeHost;
  readonly #connection: SshConnection;
  readonly #nodeName: string;

  constructor(host: NodeHost, connection: SshConnection, nodeName: string) {
    this.#host = host;
    this.#connection = connection;
    this.#nodeName = nodeName;
  }

  /** True when the release is there, whole and what the desk trusts. */
  async isInstalled(bundle: VerifiedBundle, signal: AbortSignal): Promise<boolean> {
    const folder = `${this.#host.layout.root}/releases/${bundle.description.version}`;
    const options = { signal, timeoutMs: checkTimeoutMs };
    return (await this.#host.run(scripts.isInstalled, [folder, sumOf(bundle)], options)).exitCode === 0;
  }

  async hasArchive(bundle: VerifiedBundle, signal: AbortSignal): Promise<boolean> {
    const parameters = [this.#archivePath(bundle), bundle.description.sha256];
    const options = { signal, timeoutMs: checkTimeoutMs };
    return (await this.#runAsPerson(scripts.hasArchive, parameters, options)).exitCode === 0;
  }

  /** Sends the archive; what older uploads left is removed. Fails with `no-space` or `bundle-damaged`, too. */
  async upload(bundle: VerifiedBundle, options: Pick<UploadOptions, 'signal' | 'onProgress'>): Promise<void> {
    const { file, sha256, byteLength } = bundle.description;
    const prepared = await this.#runAsPerson(
      scripts.prepareIncoming,
      [this.#host.layout.incoming, file],
      options.signal === undefined ? {} : { signal: options.signal },
    );
    expectSuccess(prepared, this.#nodeName, 'make a folder for the upload');
    const path = this.#archivePath(bundle);
    await this.#connection.upload(bundle.openArchive(), path, { ...options, sha256, byteLength });
  }

  async removeArchive(bundle: VerifiedBundle, signal: AbortSignal): Promise<void> {
    const result = await this.#runAsPerson(scripts.removeArchive, [this.#archivePath(bundle)], { signal });
    expectSuccess(result, this.#nodeName, 'remove the uploaded bundle');
  }

  /** Unpacks beside, verifies, then moves into place: `releases/VERSION` is there whole or not at all. */
  async unpack(bundle: VerifiedBundle, signal: AbortSignal): Promise<void> {
    const { layout } = this.#host;
    const signer = `${bundleSignerIdentity} namespaces="${bundleSignatureNamespace}" ${keyOf(bundle)}`;
    await this.#succeed(scripts.pinSigner, [layout.allowedSigners, signer], {
      what: 'pin our signing key',
      signal,
    });
    const { version } = bundle.description;
    const parameters = [
      `${layout.root}/releases`,
      version,
      this.#archivePath(bundle),
      sumOf(bundle),
      layout.allowedSigners,
      bundleSignerIdentity,
      bundleSignatureNamespace,
    ];
    const result = await this.#host.run(scripts.unpack, parameters, { signal, timeoutMs: unpackTimeoutMs });
    if (result.exitCode === 0) return;
    if (result.exitCode === damagedStatus) {
      throw fail(
        'bundle-damaged',
        `The engine bundle ${version} is damaged: its files on node ${this.#nodeName} do not fit their sums.`,
        'Build or download the bundle again.',
      );
    }
    if (result.exitCode === unsignedStatus) {
      throw fail(
        'bundle-damaged',
        `The engine bundle ${version} is not signed with the key that node ${this.#nodeName} pinned when it was enrolled.`,
        `Use the Belvedere that enrolled the node; if the key was changed on purpose, remove ${layout.allowedSigners} on the node.`,
      );
    }
    throw commandFailure(result, this.#nodeName, 'unpack the bundle');
  }

  /** Removes a release and what is left of unpacking it, unless it is `current`; without any, the pinned key, too. */
  async remove(version: string, signal: AbortSignal): Promise<void> {
    const { root, allowedSigners } = this.#host.layout;
    const parameters = [root, version, allowedSigners];
    await this.#succeed(scripts.removeRelease, parameters, { what: `remove release ${version}`, signal });
  }

  /** The version that `current` leads to. */
  async current(signal: AbortSignal): Promise<string | undefined> {
    const output = await this.#succeed(scripts.readCurrent, [this.#host.layout.root], {
      what: 'say which release is current',
      signal,
    });
    const link = output.trim();
    return link === '' ? undefined : link.slice(link.lastIndexOf('/') + 1);
  }

  /** Makes a release `current` and the one before it `previous`, each in one step. */
  async switchTo(version: string, signal: AbortSignal): Promise<void> {
    const parameters = [this.#host.layout.root, version];
    await this.#succeed(scripts.switchTo, parameters, { what: `switch to release ${version}`, signal });
  }

  /** If `current` is this release: back to the one before it, or to none. */
  async switchBack(version: string, signal: AbortSignal): Promise<void> {
    const parameters = [this.#host.layout.root, version];
    await this.#succeed(scripts.switchBack, parameters, { what: `leave release ${version}`, signal });
  }

  /** Removes every release but `current` and `previous`; says which. */
  async tidy(signal: AbortSignal): Promise<readonly string[]> {
    const output = await this.#succeed(scripts.tidy, [this.#host.layout.root], {
      what: 'remove old releases',
      signal,
    });
    return output.split('\n').filter((line) => line !== '');
  }

  #archivePath(bundle: VerifiedBundle): string {
    return `${this.#host.layout.incoming}/${bundle.description.file}`;
  }

  #runAsPerson(script: string, parameters: readonly string[], options: ExecOptions): Promise<ExecResult> {
    return this.#connection.exec(shellScript(script, ...parameters), options);
  }

  async #succeed(
    script: string,
    parameters: readonly string[],
    { what, ...options }: ExecOptions & { readonly what: string },
  ): Promise<string> {
    return expectSuccess(await this.#host.run(script, parameters, options), this.#nodeName, what);
  }
}

function sumOf(bundle: VerifiedBundle): string {
  return createHash('sha256').update(bundle.sums).digest('hex');
}

/** Type and key without the comment. */
function keyOf(bundle: VerifiedBundle): string {
  return bundle.trustedKeyLine.trim().split(/\s+/).slice(0, 2).join(' ');
}
