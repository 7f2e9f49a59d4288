interface ProgressBase {
  /** 0 to 1, never falling within a calibration. */
  readonly value: number;
  readonly title: string;
  /** Where in it; may be empty. */
  readonly detail: string;
  /** Seconds left; null while that cannot be told. */
  readonly etaSeconds: number | null;
}

interface LayerPosition {
  readonly step: number;
  readonly steps: number;
  readonly layer: number;
  readonly layers: number;
}

export type CalibrationProgress = ProgressBase &
  (
    | { readonly stage: 'encode' | 'measure-cost' | 'write' }
    /** Finished steps of an interrupted calibration run again under their chosen plan, without measuring. */
    | ({ readonly stage: 'replay' } & LayerPosition)
    | ({ readonly stage: 'search' } & LayerPosition)
  );

/** Turns positions into progress; the ETA follows the mean time of the layers searched so far. */
export class ProgressReporter {
  readonly #report: ((progress: CalibrationProgress) => void) | undefined;
  readonly #steps: number;
  readonly #layers: number;
  #value = 0;
  #searchStarted: { readonly at: number; readonly position: number } | null = null;

  constructor(report: ((progress: CalibrationProgress) => void) | undefined, steps: number, layers: number) {
    this.#report = report;
    this.#steps = steps;
    this.#layers = layers;
  }

  stage(stage: 'encode' | 'measure-cost' | 'write', title: string, detail = ''): void {
    if (stage === 'write') this.#value = 1;
    this.#report?.({ stage, value: this.#value, title, detail, etaSeconds: null });
  }

  layer(stage: 'replay' | 'search', step: number, layer: number, detail: string): void {
    const [steps, layers] = [this.#steps, this.#layers];
    const position = step * layers + layer;
    if (stage === 'search') this.#searchStarted ??= { at: performance.now(), position };
    this.#value = Math.max(this.#value, position / (steps * layers));
    this.#report?.({
      stage,
      value: this.#value,
      title: stage === 'replay' ? 'Replaying finished steps' : 'Calibrating',
      detail,
      etaSeconds: this.#eta(position),
      step,
      steps,
      layer,
      layers,
    });
  }

  #eta(position: number): number | null {
    const started = this.#searchStarted;
    const done = started ? position - started.position : 0;
    // Less than a step says little: layers differ.
    if (!started || done < this.#layers) return null;
    const secondsPerLayer = (performance.now() - started.at) / 1000 / done;
    return secondsPerLayer * (this.#steps * this.#layers - position);
  }
}
