import { describe, expect, it } from 'vitest';
import type { DeskRequest } from '../../../../src/main/desk-protocol.ts';
import { DeskClient, type DeskPipe } from '../../../../src/main/shell/desk-client.ts';

const options = {
  dataDirectory: '/site',
  port: 0,
  shell: 'web',
  version: '1.0.0',
  pageDirectory: '/page',
  bundlesDirectory: '/engine',
  trustedKeyPath: '/key.pub',
  nodeFilesDirectory: '/node',
} as const;

/** A desk process whose every word a test decides. */
class ScriptedPipe implements DeskPipe {
  readonly sent: DeskRequest[] = [];
  say: (message: unknown) => void = () => undefined;
  exit: (code: number | null) => void = () => undefined;

  send(request: DeskRequest): void {
    this.sent.push(request);
  }
  onMessage(listener: (message: unknown) => void): void {
    this.say = listener;
  }
  onExit(listener: (code: number | null) => void): void {
    this.exit = listener;
  }
  kill(): void {
    this.exit(null);
  }
}

describe('a desk as its shell holds it', () => {
  it('starts, gives codes in the order they were asked for, and stops', async () => {
    const pipe = new ScriptedPipe();
    const desk = new DeskClient(pipe);
    const started = desk.start(options);
    pipe.say({ kind: 'nonsense' });
    pipe.say({ kind: 'listening', port: 4711, code: 'first' });
    expect(await started).toEqual({ port: 4711, code: 'first' });

    const codes = [desk.issueCode(), desk.issueCode()];
    pipe.say({ kind: 'code', code: 'second' });
    pipe.say({ kind: 'code', code: 'third' });
    expect(await Promise.all(codes)).toEqual(['second', 'third']);

    const stopped = desk.stop();
    pipe.exit(0);
    await stopped;
    expect(await desk.ended).toEqual({ kind: 'stopped' });
    expect(pipe.sent.map(({ kind }) => kind)).toEqual(['start', 'issue-code', 'issue-code', 'stop']);
  });

  it('tells why it cannot start', async () => {
    const pipe = new ScriptedPipe();
    const started = new DeskClient(pipe).start(options);
    const failure = { code: 'port-in-use', message: 'In use.' } as const;
    pipe.say({ kind: 'failed', failure });
    await expect(started).rejects.toMatchObject({ failure });
  });

  it('tells when the process ends before it is ready', async () => {
    const pipe = new ScriptedPipe();
    const started = new DeskClient(pipe).start(options);
    pipe.exit(139);
    await expect(started).rejects.toThrow('The desk process ended before it was ready (exit code 139).');
  });

  it('gives no code any more once it crashed', async () => {
    const pipe = new ScriptedPipe();
    const desk = new DeskClient(pipe);
    const code = desk.issueCode();
    pipe.exit(null);
    expect(await code).toBeUndefined();
    expect(await desk.ended).toEqual({ kind: 'crashed', code: null });
  });
});
