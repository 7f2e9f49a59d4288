import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { DEMO_CHECKPOINT, isRunTimeFile, KERNELS, PROGRAM_FILES } from '../program/program-files.mjs';
import { packagedNode } from '../setup/packages.mjs';
import { productionPackages } from './production-packages.mjs';

/** Everything lies in this one folder of the archives. */
export const BUNDLE = 'arrowhead';

const ONNX_RUNTIME = 'node_modules/onnxruntime-node/bin';
const LAUNCHER = 'scripts/bundle/launcher.sh';

/**
 * The files of the first part by their places in a bundle, each with its place in the clone. The program's JavaScript is
 * missing: it is written, not copied.
 */
export function programFiles(root, { demo }) {
  const files = new Map([
    ['arrowhead', LAUNCHER],
    ['bin/node', path.relative(root, packagedNode(root))],
  ]);
  const places = demo ? [...PROGRAM_FILES, DEMO_CHECKPOINT] : PROGRAM_FILES;
  for (const file of places.flatMap((place) => filesIn(root, place))) files.set(file, file);
  for (const file of kernels(root)) files.set(file, file);
  for (const folder of productionPackages(root)) {
    for (const file of filesIn(root, folder)) {
      const isNested = file.slice(folder.length).startsWith('/node_modules/');
      if (!isNested && isRunTimeFile(file) && !file.startsWith(`${ONNX_RUNTIME}/`)) files.set(file, file);
    }
  }
  return files;
}

/** The second part's: ONNX Runtime for this processor. What it has for GPUs would not fit and is not used. */
export function onnxRuntimeFiles(root) {
  const files = filesIn(root, ONNX_RUNTIME).filter((file) =>
    /\/linux\/x64\/(libonnxruntime\.so[.\d]*|onnxruntime_binding\.node)$/.test(file),
  );
  if (files.length < 2) throw new Error(`${ONNX_RUNTIME} holds no ONNX Runtime for linux-x64`);
  return new Map(files.map((file) => [file, file]));
}

/** Those for CUDA are built on some machines only. */
function kernels(root) {
  const files = filesIn(root, KERNELS).filter((file) => file.endsWith('.node'));
  if (!files.includes(`${KERNELS}/arrowhead_kernels.node`)) {
    throw new Error('the native kernels are not built; build them first: npm run build:native');
  }
  return files;
}

/** A file itself, or every file below a folder. */
function filesIn(root, place) {
  const full = path.join(root, place);
  if (!existsSync(full)) throw new Error(`${full} is missing`);
  if (statSync(full).isFile()) return [place];
  return readdirSync(full, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}
