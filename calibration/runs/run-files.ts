/** Names within a run folder. */
export const RUN_FILE = 'run.json';
export const RSE_FILE = 'rse.safetensors';
export const SCHEME_FILE = 'scheme.scheme.json';
export const METRICS_FILE = 'metrics.json';
export const APPLIED_FILE = 'applied.json';
export const ORIGINAL_FILE = 'original.png';
export const COMPRESSED_FILE = 'compressed.png';
/** What the two differ in, amplified. */
export const DIFFERENCE_FILE = 'difference.png';
/** Held by the program that works on the run, as long as it does. */
export const CLAIM_FILE = '.run.lock';
/** Held while run.json or notes are changed, for milliseconds. */
export const CHANGE_FILE = '.run.json.lock';
