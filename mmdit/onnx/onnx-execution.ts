import { largestDifference, type Outputs } from './largest-difference.ts';
import { OnnxError } from './onnx-error.ts';
import {
  ACCELERATORS,
  differs,
  MAX_DIFFERENCE,
  type OnnxAccelerator,
  type OnnxProvider,
  type OnnxWish,
  PROVIDER_NAMES,
  parseOnnxWish,
  reason,
  whyNotAccelerated,
} from './onnx-provider.ts';
import { onnxArithmetic, onnxVersion } from './onnx-runtime.ts';

export type GraphKind = 'CLIP' | 'T5' | 'VAE';

/** Runs a graph once, where it is told to. */
export type RunOn<R extends Outputs> = (provider: OnnxProvider) => Promise<{ results: R; seconds: number }>;

/** What a process has found out: the faster provider of each kind of graph, and those that failed. */
export class ProviderFindings {
  readonly faster = new Map<GraphKind, OnnxProvider>();
  readonly failed = new Set<string>();
}
const OF_THIS_PROCESS = new ProviderFindings();

export interface OnnxExecutionOptions {
  readonly wish?: OnnxWish;
  readonly findings?: ProviderFindings;
  readonly whyNot?: typeof whyNotAccelerated;
}

/**
 * Where the text encoders and the VAE of a pipeline run. An accelerator that is wished for and cannot be used gives way
 * to the processor, and says so. `auto` runs the first graph of each kind on both and keeps the faster.
 */
export class OnnxExecution {
  readonly wish: OnnxWish;
  readonly #findings: ProviderFindings;
  readonly #whyNot: typeof whyNotAccelerated;
  readonly #used = new Map<GraphKind, OnnxProvider>();
  readonly #notices = new Set<string>();

  /** Throws OnnxWishError for what `$ARROWHEAD_ONNX` says. */
  constructor({ wish, findings, whyNot }: OnnxExecutionOptions = {}) {
    this.wish = wish ?? parseOnnxWish();
    this.#findings = findings ?? OF_THIS_PROCESS;
    this.#whyNot = whyNot ?? whyNotAccelerated;
  }

  async run<R extends Outputs>(kind: GraphKind, runOn: RunOn<R>): Promise<R> {
    const usable = (await this.#accelerators()).filter((one) => !this.#findings.failed.has(`${kind} ${one}`));
    const known = this.wish === 'auto' ? this.#findings.faster.get(kind) : undefined;
    if (this.wish === 'auto' && known === undefined && usable.length > 0) return this.#compare(kind, usable, runOn);
    const chosen = known === undefined ? (usable[0] ?? 'cpu') : known;
    if (chosen !== 'cpu') {
      const results = await this.#attempt(kind, chosen, runOn);
      if (results !== null) return results.results;
    }
    this.#used.set(kind, 'cpu');
    return (await runOn('cpu')).results;
  }

  /** What is to be said since the last call, in sentences. */
  takeNotices(): readonly string[] {
    const notices = [...this.#notices];
    this.#notices.clear();
    return notices;
  }

  /** `CPU (ONNX Runtime 1.30.0)`, or by kind where they differ; null before anything ran. */
  describe(): string | null {
    if (this.#used.size === 0) return null;
    const providers = [...new Set(this.#used.values())];
    const where =
      providers.length === 1
        ? PROVIDER_NAMES[providers[0]!]
        : [...this.#used].map(([kind, provider]) => `${kind} on ${PROVIDER_NAMES[provider]}`).join(', ');
    return `${where} (ONNX Runtime ${onnxVersion()})`;
  }

  /** All that decides how results are rounded. */
  async arithmetic(): Promise<string> {
    const accelerators = await this.#accelerators();
    const where = accelerators.length === 0 ? 'cpu' : `${this.wish} of ${accelerators.join(', ')}`;
    return `${await onnxArithmetic()}, ${where}`;
  }

  /** Those that may be used; says why not, where one is wished for by name. */
  async #accelerators(): Promise<readonly OnnxAccelerator[]> {
    if (this.wish === 'cpu') return [];
    if (this.wish !== 'auto') {
      const problem = await this.#whyNot(this.wish, false);
      if (problem === null) return [this.wish];
      this.#notices.add(`text encoders and VAE run on the processor, not on ${PROVIDER_NAMES[this.wish]}: ${problem}`);
      return [];
    }
    const usable: OnnxAccelerator[] = [];
    for (const one of ACCELERATORS) if ((await this.#whyNot(one, true)) === null) usable.push(one);
    return usable;
  }

  /** The first run of a kind under `auto`: everywhere, and the fastest is kept. Returns its results. */
  async #compare<R extends Outputs>(kind: GraphKind, usable: readonly OnnxAccelerator[], runOn: RunOn<R>): Promise<R> {
    const processor = await runOn('cpu');
    let best: { provider: OnnxProvider; results: R; seconds: number } = { provider: 'cpu', ...processor };
    const times = [`${PROVIDER_NAMES.cpu} ${best.seconds.toFixed(2)} s`];
    for (const provider of usable) {
      // The first run there compiles its kernels; the second is like those to come.
      const first = await this.#attempt(kind, provider, runOn);
      const second = first && (await this.#attempt(kind, provider, runOn));
      if (second === null) continue;
      times.push(`${PROVIDER_NAMES[provider]} ${second.seconds.toFixed(2)} s`);
      const difference = largestDifference(second.results, processor.results);
      if (difference > MAX_DIFFERENCE) this.#fail(kind, provider, differs(difference));
      else if (second.seconds < best.seconds) best = { provider, ...second };
    }
    this.#findings.faster.set(kind, best.provider);
    this.#used.set(kind, best.provider);
    if (times.length > 1) this.#notices.add(`${kind} runs on ${PROVIDER_NAMES[best.provider]}: ${times.join(', ')}`);
    return best.results;
  }

  /** null where the accelerator failed, which is said and not tried again. */
  async #attempt<R extends Outputs>(kind: GraphKind, provider: OnnxAccelerator, runOn: RunOn<R>) {
    try {
      const run = await runOn(provider);
      this.#used.set(kind, provider);
      return run;
    } catch (error) {
      if (!(error instanceof OnnxError)) throw error;
      this.#fail(kind, provider, reason(error));
      return null;
    }
  }

  #fail(kind: GraphKind, provider: OnnxAccelerator, problem: string): void {
    this.#findings.failed.add(`${kind} ${provider}`);
    if (this.#findings.faster.get(kind) === provider) this.#findings.faster.set(kind, 'cpu');
    this.#notices.add(`${kind} runs on the processor, not on ${PROVIDER_NAMES[provider]}: ${problem}`);
  }
}
