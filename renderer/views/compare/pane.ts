import type { ImageRef, RunDetails, RunPicture } from '../../../electron/contract.ts';

/** One picture on the stage. */
export interface Pane {
  readonly ref: ImageRef;
  /** "Original", "Compressed", or the run's name. */
  readonly label: string;
  /** Seconds of denoising; null where not known. */
  readonly seconds: number | null;
}

/** More are not told apart on one screen. */
export const MAX_PANES = 6;

/** Original and compressed of a run's picture, as far as they were made; the first is the reference. */
export function panesOfPicture({ summary }: Pick<RunDetails, 'summary'>, picture: RunPicture): readonly Pane[] {
  const { original, compressed, seconds } = picture;
  const pane = (file: string | null, label: string, took: number | null): Pane[] =>
    file === null ? [] : [{ ref: { run: summary.id, file }, label, seconds: took }];
  return [...pane(original, 'Original', seconds.original), ...pane(compressed, 'Compressed', seconds.compressed)];
}

export function paneKey({ ref }: Pick<Pane, 'ref'>): string {
  return `${ref.run}/${ref.file}`;
}
