import type { Component } from '../checkpoint/component.ts';
import type { OnnxGraph } from '../onnx/graph-builder.ts';
import { graphIdentity } from '../onnx/graph-identity.ts';
import { LazySession } from '../onnx/lazy-session.ts';
import { OnnxExecution } from '../onnx/onnx-execution.ts';
import { type ClipConfig, readClipConfig } from './clip-config.ts';
import { buildClipGraph } from './clip-graph.ts';
import { tokenInput } from './token-input.ts';

/** transformers pools the largest id where the config still has the wrong eos id of early checkpoints. */
const LEGACY_EOS = 2;

export interface ClipEmbedding {
  /** [tokens, channels], after the final layer norm. */
  readonly lastHiddenState: Float32Array;
  /** [tokens, channels], before the last layer: what SD3 conditions on. */
  readonly penultimate: Float32Array;
  /** [channels]: the last hidden state at the end-of-text token. */
  readonly pooled: Float32Array;
  /** [projection]; null for a model without projection. */
  readonly textEmbed: Float32Array | null;
}

/** A CLIP text model over prompts of a fixed token count. */
export class ClipTextEncoder {
  readonly config: ClipConfig;
  readonly tokens: number;
  readonly #component: Component;
  readonly #graph: OnnxGraph;
  readonly #session: LazySession;

  private constructor(
    component: Component,
    config: ClipConfig,
    tokens: number,
    graph: OnnxGraph,
    execution: OnnxExecution,
  ) {
    this.#component = component;
    this.config = config;
    this.tokens = tokens;
    this.#graph = graph;
    this.#session = new LazySession(graph, { kind: 'CLIP', execution });
  }

  /** Reads config and tensor shapes; no weights yet. Throws CheckpointError. */
  static async open(component: Component, tokens: number, execution = new OnnxExecution()): Promise<ClipTextEncoder> {
    const config = readClipConfig(component);
    const graph = await buildClipGraph(component, config, tokens);
    return new ClipTextEncoder(component, config, tokens, graph, execution);
  }

  /** ids: exactly `tokens` of them. Throws CheckpointError for ids beyond the vocabulary, OnnxError. */
  async encode(ids: readonly number[], signal?: AbortSignal): Promise<ClipEmbedding> {
    const inputs = {
      ids: tokenInput(this.#component, ids, this.tokens, this.config.vocabulary),
      pool_rows: { data: BigInt64Array.of(BigInt(this.#poolRow(ids))), shape: [1] },
    };
    const hidden = ['last_hidden_state', 'penultimate', 'pooled'] as const;
    const projected = this.config.projection === null ? [] : (['text_embeds'] as const);
    const out = await this.#session.run(inputs, [...hidden, ...projected], signal);
    return {
      lastHiddenState: out.last_hidden_state,
      penultimate: out.penultimate,
      pooled: out.pooled,
      textEmbed: this.config.projection === null ? null : out.text_embeds,
    };
  }

  /** Hash of all that decides the output but the ids and the machine's arithmetic. */
  identity(): Promise<string> {
    return graphIdentity(this.#graph, this.#component);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #poolRow(ids: readonly number[]): number {
    const { eosToken } = this.config;
    return Math.max(0, ids.indexOf(eosToken === LEGACY_EOS ? Math.max(...ids) : eosToken));
  }
}
