import type { ExecOptions, ExecResult, SshConnection } from '../ssh/index.ts';
import { shellCommand, shellScript } from '../ssh/index.ts';
import type { HostFacts } from './facts.ts';
import { systemdDataFolder, systemdRoot } from './facts.ts';
import type { EngineProcess, EngineSettings, NodeHost, NodeLayout } from './ports.ts';
import { expectSuccess, newestLines } from './shell-results.ts';
import { releaseOf } from './supervised.ts';

export interface SystemdHostOptions {
  readonly connection: SshConnection;
  readonly nodeName: string;
  readonly facts: HostFacts;
  /** Text of `resources/node/belvedere-engine.service`. */
  readonly unit: string;
}

const serviceUser = 'belvedere';
const unitName = 'belvedere-engine.service';
const unitPath = `/etc/systemd/system/${unitName}`;
const configFolder = '/etc/belvedere';
const environmentPath = `${configFolder}/engine.env`;
const serviceTimeoutMs = 60_000;

const scripts = {
  isInstalled: `
    [ "$(cat "$1" 2>/dev/null)" = "$2" ] && [ "$(cat "$3" 2>/dev/null)" = "$4" ] &&
      systemctl is-enabled --quiet "$5" && id "$6" >/dev/null 2>&1
  `,
  install: `
    set -eu
    umask 022
    user=$1 data=$2 root=$3 config=$4
    if ! id "$user" >/dev/null 2>&1; then
      useradd --system --user-group --home-dir "$data" --no-create-home --shell /usr/sbin/nologin "$user"
    fi
    install -d -m 0755 "$root" "$root/releases" "$config"
    install -d -m 0700 -o "$user" -g "$user" "$data"
    # Through cat: what a shell's own printf says of a full disk is not the reason.
    printf '%s\\n' "$6" | cat >"$5.new"
    mv "$5.new" "$5"
    printf '%s\\n' "$8" | cat >"$7.new"
    mv "$7.new" "$7"
    systemctl daemon-reload
    systemctl enable --quiet "$(basename "$7")"
  `,
  uninstall: `
    set -eu
    [ -e "$2" ] || exit 0
    systemctl disable --quiet --now "$1"
    rm -f "$2"
    systemctl daemon-reload
  `,
  process: `
    if [ ! -e "$2" ]; then echo not-installed; exit 0; fi
    pid=$(systemctl show --property=MainPID --value "$1")
    case $(systemctl is-active "$1") in
      active) echo running; readlink "/proc/$pid/exe" ;;
      activating) echo running ;;
      *) echo stopped ;;
    esac
    exit 0
  `,
} as const;

/** A server with systemd: a hardened unit, a service user, releases that belong to root. */
export class SystemdHost implements NodeHost {
  readonly kind = 'systemd';
  readonly layout: NodeLayout;
  readonly #options: SystemdHostOptions;

  constructor(options: SystemdHostOptions) {
    this.#options = options;
    this.layout = {
      root: systemdRoot,
      data: systemdDataFolder,
      incoming: `${options.facts.home}/.cache/belvedere`,
      allowedSigners: `${configFolder}/allowed_signers`,
    };
  }

  run(script: string, parameters: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    return this.#elevated(shellScript(script, ...parameters), options);
  }

  runEngine(release: string, words: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    const program = `${this.layout.root}/releases/${release}/bin/belvedere-engine`;
    return this.#elevated(shellCommand(['runuser', '-u', serviceUser, '--', program, ...words]), options);
  }

  async isInstalled(settings: EngineSettings, signal: AbortSignal): Promise<boolean> {
    const files = [unitPath, this.#unit, environmentPath, environmentText(settings)];
    const result = await this.run(scripts.isInstalled, [...files, unitName, serviceUser], { signal });
    return result.exitCode === 0;
  }

  async install(settings: EngineSettings, signal: AbortSignal): Promise<void> {
    const folders = [serviceUser, systemdDataFolder, systemdRoot, configFolder];
    const files = [environmentPath, environmentText(settings), unitPath, this.#unit];
    await this.#succeed(scripts.install, [...folders, ...files], { what: 'set up the service', signal });
  }

  async uninstall(signal: AbortSignal): Promise<void> {
    await this.#succeed(scripts.uninstall, [unitName, unitPath], { what: 'take the service away', signal });
  }

  async restart(signal: AbortSignal): Promise<void> {
    await this.#succeed('systemctl restart "$1"', [unitName], { what: 'start the service', signal });
  }

  async stop(signal: AbortSignal): Promise<void> {
    const script = '[ ! -e "$2" ] || systemctl stop "$1"';
    await this.#succeed(script, [unitName, unitPath], { what: 'stop the service', signal });
  }

  async process(signal: AbortSignal): Promise<EngineProcess> {
    const output = await this.#succeed(scripts.process, [unitName, unitPath], {
      what: 'say whether the engine runs',
      signal,
    });
    const [word, executable = ''] = output.trim().split('\n');
    if (word === 'running') return { kind: 'running', release: releaseOf(this.layout, executable) };
    return { kind: word === 'stopped' ? 'stopped' : 'not-installed' };
  }

  async recentLog(signal: AbortSignal): Promise<readonly string[]> {
    const script = 'journalctl --unit "$1" --lines 20 --no-pager --output cat 2>/dev/null | cut -c 1-500';
    const { stdout } = await this.run(script, [unitName], { signal });
    return newestLines(stdout);
  }

  /** `$(cat FILE)` in a shell drops the line break at the end, so we do too. */
  get #unit(): string {
    return this.#options.unit.trimEnd();
  }

  #elevated(command: string, options?: ExecOptions): Promise<ExecResult> {
    const { connection, facts } = this.#options;
    return connection.exec(facts.userId === 0 ? command : `sudo -n ${command}`, options);
  }

  async #succeed(
    script: string,
    parameters: readonly string[],
    { what, ...options }: ExecOptions & { readonly what: string },
  ): Promise<string> {
    const result = await this.run(script, parameters, { timeoutMs: serviceTimeoutMs, ...options });
    return expectSuccess(result, this.#options.nodeName, what);
  }
}

function environmentText({ port, address }: EngineSettings): string {
  return `BELVEDERE_PORT=${port}\nBELVEDERE_ADDRESS=${address}`;
}
