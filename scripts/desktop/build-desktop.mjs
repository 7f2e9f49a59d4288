import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { emitDesktop } from '../program/emit-program.mjs';

/**
 * A folder that Electron can start in a clone: package.json, which names the app and its main module, the JavaScript, and
 * links to what is built elsewhere. `target` lies in the clone, so that packages are found from it.
 */
export async function stageDesktop(root, target = path.join(root, 'dist', 'desktop')) {
  rmSync(target, { recursive: true, force: true });
  await emitDesktop(root, target);
  copyFileSync(path.join(root, 'package.json'), path.join(target, 'package.json'));
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
