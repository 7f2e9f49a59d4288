// The main process as plain JavaScript: Electron does not read TypeScript, and worker threads are files of their own.
// Every module keeps its place, so that whatever it finds beside itself (kernels, demo, renderer) it still finds.
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { packagedNode } from '../setup/packages.mjs';
import { run } from '../setup/run.mjs';

/** Writes the JavaScript of electron/ and what it imports into `target`, at the same relative places. */
export async function emitMain(root, target) {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const config = path.join(root, 'electron', 'tsconfig.build.json');
  const { code, output } = await run([packagedNode(root), tsc, '-p', config, '--outDir', target], { cwd: root });
  if (code !== 0) throw new Error(`Compiling the main process failed:\n${output}`);
}

/** A folder that Electron can start in a clone: the JavaScript, and links to what is built elsewhere. */
export async function stageDesktop(root) {
  const target = path.join(root, 'dist', 'desktop');
  rmSync(target, { recursive: true, force: true });
  await emitMain(root, target);
  link(path.join(root, 'native-kernels', 'build'), path.join(target, 'native-kernels', 'build'));
  link(path.join(root, 'demo'), path.join(target, 'demo'));
  link(path.join(root, 'dist', 'renderer'), path.join(target, 'dist', 'renderer'));
  return target;
}

function link(from, to) {
  mkdirSync(path.dirname(to), { recursive: true });
  // Junctions need no rights on Windows; elsewhere the kind is ignored.
  if (!existsSync(to)) symlinkSync(from, to, 'junction');
}
