import { setImmediate } from 'node:timers/promises';
import type { OnnxGraph } from './graph-builder.ts';
import type { GraphKind, OnnxExecution } from './onnx-execution.ts';
import type { OnnxProvider } from './onnx-provider.ts';
import { type OnnxInput, OnnxSession } from './onnx-session.ts';

/** Up to this size of float32 weights a model stays in memory between runs; T5-XXL is forty times as large. */
const RESIDENT_BYTES = 512 * 1024 * 1024;

/** Where a graph runs; on the processor where there is no such choice. */
export interface Placement {
  readonly kind: GraphKind;
  readonly execution: OnnxExecution;
}

type Floats<Name extends string> = Readonly<Record<Name, Float32Array>>;

/**
 * A graph whose session opens at the first run. A small model is kept until `close`; a large one runs with its weights
 * streamed from the checkpoint and is released after every run. Runs take turns.
 */
export class LazySession {
  readonly #graph: OnnxGraph;
  readonly #placement: Placement | null;
  readonly #isLarge: boolean;
  #opened: { readonly session: OnnxSession; readonly provider: OnnxProvider } | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(graph: OnnxGraph, placement: Placement | null = null) {
    this.#graph = graph;
    this.#placement = placement;
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
  ): Promise<Floats<Name>> {
    return this.#inTurn(async () => {
      const runOn = (provider: OnnxProvider) => this.#runOn(provider, inputs, outputs, signal);
      if (this.#placement === null) return (await runOn('cpu')).results;
      return this.#placement.execution.run(this.#placement.kind, runOn);
    });
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#release());
  }

  /** `seconds`: of a run like those to come, which opens the session only where it is not kept. */
  async #runOn<Name extends string>(
    provider: OnnxProvider,
    inputs: Readonly<Record<string, OnnxInput>>,
    outputs: readonly Name[],
    signal: AbortSignal | undefined,
  ): Promise<{ results: Floats<Name>; seconds: number }> {
    await breathe(signal);
    const opening = performance.now();
    const session = await this.#openOn(provider);
    try {
      await breathe(signal);
      const start = this.#isLarge ? opening : performance.now();
      const results = await session.run(inputs, outputs);
      const seconds = (performance.now() - start) / 1000;
      await breathe(signal);
      return { results, seconds };
    } finally {
      if (this.#isLarge) await this.#release();
    }
  }

  async #openOn(provider: OnnxProvider): Promise<OnnxSession> {
    if (this.#opened?.provider === provider) return this.#opened.session;
    await this.#release();
    const weights = this.#isLarge ? 'streamed' : 'resident';
    const session = await OnnxSession.open(this.#graph, { weights, provider });
    this.#opened = { session, provider };
    return session;
  }

  async #release(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await opened?.session.close();
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
