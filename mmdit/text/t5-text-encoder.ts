import type { Component } from '../checkpoint/component.ts';
import type { OnnxGraph } from '../onnx/graph-builder.ts';
import { graphIdentity } from '../onnx/graph-identity.ts';
import { LazySession } from '../onnx/lazy-session.ts';
import { OnnxExecution } from '../onnx/onnx-execution.ts';
import { readT5Config, type T5Config } from './t5-config.ts';
import { buildT5Graph } from './t5-graph.ts';
import { tokenInput } from './token-input.ts';

/** A T5 encoder over prompts of a fixed token count. */
export class T5TextEncoder {
  readonly config: T5Config;
  readonly tokens: number;
  readonly #component: Component;
  readonly #graph: OnnxGraph;
  readonly #session: LazySession;

  private constructor(
    component: Component,
    config: T5Config,
    tokens: number,
    graph: OnnxGraph,
    execution: OnnxExecution,
  ) {
    this.#component = component;
    this.config = config;
    this.tokens = tokens;
    this.#graph = graph;
    this.#session = new LazySession(graph, { kind: 'T5', execution });
  }

  /** Reads config and tensor shapes; no weights yet. Throws CheckpointError. */
  static async open(component: Component, tokens: number, execution = new OnnxExecution()): Promise<T5TextEncoder> {
    const config = readT5Config(component);
    const graph = await buildT5Graph(component, config, tokens);
    return new T5TextEncoder(component, config, tokens, graph, execution);
  }

  /** ids: exactly `tokens` of them → last hidden state [tokens, channels]. Throws CheckpointError, OnnxError. */
  async encode(ids: readonly number[], signal?: AbortSignal): Promise<Float32Array> {
    const inputs = { ids: tokenInput(this.#component, ids, this.tokens, this.config.vocabulary) };
    return (await this.#session.run(inputs, ['last_hidden_state'], signal)).last_hidden_state;
  }

  /** Hash of all that decides the output but the ids and the machine's arithmetic. */
  identity(): Promise<string> {
    return graphIdentity(this.#graph, this.#component);
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
