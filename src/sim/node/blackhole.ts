import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Listens, then never returns to its event loop, so that the kernel's accept queue is never emptied. */
const listener = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:net').createServer();
server.on('error', (error) => parentPort.postMessage({ error: error.message }));
server.listen({ port: workerData.port, host: workerData.address, backlog: 1 }, () => {
  parentPort.postMessage({});
  Atomics.wait(new Int32Array(workerData.gate), 0, 0);
  server.close();
});
`;

/** Linux queues backlog + 1 connections; further SYNs get no answer at all. */
const queuedConnections = 2;

/** An address and port that swallow connection attempts: no answer, no refusal, like a host that lost its cable. */
export class Blackhole implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #gate: SharedArrayBuffer;
  readonly #fillers: Socket[] = [];

  private constructor(worker: Worker, gate: SharedArrayBuffer) {
    this.#worker = worker;
    this.#gate = gate;
  }

  static async open(address: string, port: number): Promise<Blackhole> {
    const gate = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const worker = new Worker(listener, { eval: true, workerData: { address, port, gate } });
    const blackhole = new Blackhole(worker, gate);
    const [answer]: unknown[] = await once(worker, 'message');
    if (typeof answer === 'object' && answer !== null && 'error' in answer) {
      await blackhole[Symbol.asyncDispose]();
      throw new Error(`${address} port ${port} cannot be made a black hole: ${String(answer.error)}`);
    }
    for (let index = 0; index < queuedConnections; index += 1) {
      const filler = connect({ host: address, port });
      filler.on('error', () => filler.destroy());
      await once(filler, 'connect');
      blackhole.#fillers.push(filler);
    }
    return blackhole;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const filler of this.#fillers) filler.destroy();
    const gate = new Int32Array(this.#gate);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await this.#worker.terminate();
  }
}
