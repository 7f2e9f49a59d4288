import type { OnProgress } from '../progress.ts';
import type { AblationForecast } from './ablation-forecast.ts';

/** Turns the parts of an ablation into one progress; its ETA is the forecast, corrected by how true it was so far. */
export class AblationProgress {
  readonly #report: OnProgress | undefined;
  readonly #total: number;
  readonly #started = performance.now();
  /** Forecast seconds of what is done. */
  #done = 0;

  constructor(report: OnProgress | undefined, { seconds }: Pick<AblationForecast, 'seconds'>) {
    this.#report = report;
    this.#total = seconds;
  }

  /** Where the next part reports, which was forecast to take so long. */
  part(seconds: number, title: string): OnProgress {
    const from = this.#done;
    this.#done += seconds;
    return ({ value, detail }) => this.#tell(from + seconds * Math.min(1, value), title, detail);
  }

  #tell(done: number, title: string, detail: string): void {
    const value = this.#total > 0 ? Math.min(1, done / this.#total) : 1;
    const elapsed = (performance.now() - this.#started) / 1000;
    const pace = done > 0 ? elapsed / done : 1;
    this.#report?.({ value, title, detail, etaSeconds: (this.#total - done) * pace });
  }
}
