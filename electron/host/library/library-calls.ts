import type { ImagePayload, Reply, RunDetails } from '../../contract.ts';
import type { StoredRun } from './stored-run.ts';

/** What the library worker starts with. */
export interface LibraryStart {
  /** The library's folder. */
  readonly root: string;
  /** Where small pictures are kept. */
  readonly thumbnails: string;
}

/** What the main thread asks of the library worker. */
export type LibraryCalls = {
  /** Looks at all runs (null), or at those of these ids; reads only what has changed since it looked last. */
  readonly scan: { readonly params: { readonly ids: readonly string[] | null }; readonly result: LibraryScan };
  /** `folder` is a run's. */
  readonly details: {
    readonly params: { readonly folder: string };
    readonly result: Omit<RunDetails, 'summary' | 'folder'>;
  };
  /** Makes a run of a file (import-file.ts). */
  readonly import: {
    readonly params: { readonly fileName: string; readonly data: Uint8Array };
    readonly result: Reply<'runs.import'>;
  };
  /** `maxSize` bounds width and height; null: the picture as it is. */
  readonly picture: {
    readonly params: { readonly file: string; readonly maxSize: number | null };
    readonly result: ImagePayload;
  };
};

export interface LibraryScan {
  /** Ids of the runs that are there, of those looked at; damaged ones included. */
  readonly present: readonly string[];
  /** Of those, the ones that are new or have changed. */
  readonly changed: readonly StoredRun[];
}
