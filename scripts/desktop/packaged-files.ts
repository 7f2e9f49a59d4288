import { DEMO_CHECKPOINT, isRunTimeFile, KERNELS, PROGRAM_FILES } from '../program/program-files.mjs';

/**
 * What of a built clone goes into the packaged app, by its path from the root ("/electron/cli/main.ts"). Sources in
 * TypeScript stay behind: their JavaScript is written at the same places. node_modules is pruned by the packager.
 */
export function isPackaged(path: string): boolean {
  if (path === '') return true;
  if (path.startsWith('/node_modules/')) return !ONLY_FOR_BUILDING.test(path) && isRunTimeFile(path);
  return PACKAGED.some((root) => path === root || path.startsWith(`${root}/`) || root.startsWith(`${path}/`));
}

const PACKAGED = [...PROGRAM_FILES, KERNELS, DEMO_CHECKPOINT, 'node_modules'].map((file) => `/${file}`);

/** Caches, and the headers and sources that building the kernels took. */
const ONLY_FOR_BUILDING = /^\/node_modules\/(\.cache|\.vite|node-addon-api|node-api-headers)(\/|$)/;

/** What must be a file on disk: libraries are loaded by the system, and ONNX Runtime opens weights by itself. */
export const UNPACKED = '{**/*.node,**/demo/checkpoint/**,**/node_modules/onnxruntime-node/**,**/node_modules/@img/**}';
