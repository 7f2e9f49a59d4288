/** How far a job is. */
export interface Progress {
  /** 0 to 1, never falling within a job. */
  readonly value: number;
  /** What is being done: "Calibrating". */
  readonly title: string;
  /** Where in it: "step 3 of 20". May be empty. */
  readonly detail: string;
  /** Seconds left, where the job itself knows better than its mean speed. */
  readonly etaSeconds?: number | null;
}

export type OnProgress = (progress: Progress) => void;

/** Reports a part of a larger job: its 0 to 1 becomes `from` to `to` of the whole. */
export function partOf(whole: OnProgress | undefined, from: number, to: number): OnProgress {
  return ({ value, title, detail }) => whole?.({ value: from + (to - from) * value, title, detail });
}

/** Seconds left at the mean speed so far; null while that says nothing yet. */
export function secondsLeft(value: number, elapsedSeconds: number): number | null {
  if (value < 0.02 || elapsedSeconds < 1) return null;
  return (elapsedSeconds * (1 - Math.min(1, value))) / value;
}
