import { setImmediate } from 'node:timers/promises';
import type { OnnxGraph } from './graph-builder.ts';
import { type OnnxInput, OnnxSession } from './onnx-session.ts';

/** Up to this size of float32 weights a model stays in memory between runs; T5-XXL is forty times as large. */
const RESIDENT_BYTES = 512 * 1024 * 1024;

/**
 * A graph whose session opens at the first run. A small model is kept until `close`; a large one runs with its weights
 * streamed from the checkpoint and is released after every run. Runs take turns.
 */
export class LazySession {
  readonly #graph: OnnxGraph;
  readonly #isLarge: boolean;
  #session: OnnxSession | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
    this.#isLarge = graph.weightBytes > RESIDENT_BYTES;
  }

  /**
   * Throws OnnxError, or the signal's reason. A run cannot be interrupted: the signal is looked at before the session
   * opens, before it runs and after it ran.
   */
  run<Name extends string>(
    inputs: Readonly<Record<string, OnnxInput>>,
    outputs: readonly Name[],
    signal?: AbortSignal,
  ): Promise<Readonly<Record<Name, Float32Array>>> {
    return this.#inTurn(async () => {
      await breathe(signal);
      this.#session ??= await OnnxSession.open(this.#graph, { weights: this.#isLarge ? 'streamed' : 'resident' });
      try {
        await breathe(signal);
        const results = await this.#session.run(inputs, outputs);
        await breathe(signal);
        return results;
      } finally {
        if (this.#isLarge) await this.#release();
      }
    });
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#release());
  }

  async #release(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** Lets waiting events run (a Ctrl-C among them), since the session holds the thread while it works. */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
