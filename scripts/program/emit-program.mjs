// The program as plain JavaScript, for Electron, which reads no TypeScript, and for bundles; worker threads are files of
// their own. Every module keeps its place, so that whatever it finds beside itself (kernels, demo, renderer) it still finds.
import path from 'node:path';
import { packagedNode } from '../setup/packages.mjs';
import { run } from '../setup/run.mjs';

/** Writes the JavaScript of the command line and what it imports into `target`, at the same relative places. */
export function emitCommandLine(root, target) {
  return emit(root, target, 'tsconfig.build.json');
}

/** The same with Electron's main process. */
export function emitDesktop(root, target) {
  return emit(root, target, 'tsconfig.desktop.json');
}

async function emit(root, target, configName) {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const config = path.join(root, 'electron', configName);
  const { code, output } = await run([packagedNode(root), tsc, '-p', config, '--outDir', target], { cwd: root });
  if (code !== 0) throw new Error(`Compiling TypeScript failed:\n${output}`);
}
