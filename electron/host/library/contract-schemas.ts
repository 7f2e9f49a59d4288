/** Parts of the contract that the library keeps in files of its own. */

export * as field from '../../contract/fields.ts';
export { jobRequest } from '../../contract/jobs.ts';
export { picture, runKind, sweepPoint } from '../../contract/library.ts';
