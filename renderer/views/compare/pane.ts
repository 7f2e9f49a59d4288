import type { AppliedMethods, ImageRef, RunDetails, RunPicture } from '../../../electron/contract.ts';

/** One picture on the stage. */
export interface Pane {
  readonly ref: ImageRef;
  /** "Original", "Compressed", or the run's name. */
  readonly label: string;
  /** Seconds of denoising; null where not known. */
  readonly seconds: number | null;
  /** What attention ran for it; null where not known. */
  readonly applied: AppliedMethods | null;
}

/** More are not told apart on one screen. */
export const MAX_PANES = 6;

/** Original and compressed of a run's picture, as far as they were made; the first is the reference. */
export function panesOfPicture({ summary }: Pick<RunDetails, 'summary'>, picture: RunPicture): readonly Pane[] {
  const { original, compressed, seconds, applied } = picture;
  const pane = (file: string | null, facts: Omit<Pane, 'ref'>): Pane[] =>
    file === null ? [] : [{ ref: { run: summary.id, file }, ...facts }];
  return [
    ...pane(original, { label: 'Original', seconds: seconds.original, applied: null }),
    ...pane(compressed, { label: 'Compressed', seconds: seconds.compressed, applied }),
  ];
}

export function paneKey({ ref }: Pick<Pane, 'ref'>): string {
  return `${ref.run}/${ref.file}`;
}
