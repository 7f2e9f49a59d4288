import { chmodSync, constants, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { emitCommandLine } from '../program/emit-program.mjs';
import { KERNELS } from '../program/program-files.mjs';
import { packagedNode } from '../setup/packages.mjs';
import { run } from '../setup/run.mjs';
import { BUNDLE, onnxRuntimeFiles, programFiles } from './bundle-files.mjs';
import { bundleNotes } from './bundle-notes.mjs';
import { systemNeeds } from './system-needs.mjs';

const BINARY = /(^bin\/node|\.node|\.so[.\d]*)$/;

/** Fills `folder` with what the first archive unpacks to. Returns which kernels are in it, and what it needs to run. */
export async function stageProgram(root, folder, { demo }) {
  const target = path.join(folder, BUNDLE);
  const files = programFiles(root, { demo });
  await emitCommandLine(root, target);
  copy(root, files, target);
  for (const program of ['arrowhead', 'bin/node']) chmodSync(path.join(target, program), 0o755);

  const places = [...files.keys()];
  const needs = systemNeeds(places.filter((file) => BINARY.test(file)).map((file) => path.join(target, file)));
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const node = (await run([packagedNode(root), '--version'])).output.trim();
  writeFileSync(path.join(target, 'README.txt'), bundleNotes({ version, node, needs }));
  return { needs, kernels: places.filter((file) => path.dirname(file) === KERNELS).map((file) => path.basename(file)) };
}

/** Fills `folder` with what the second unpacks to, over the first. */
export function stageOnnxRuntime(root, folder) {
  copy(root, onnxRuntimeFiles(root), path.join(folder, BUNDLE));
}

function copy(root, files, target) {
  for (const [to, from] of files) {
    const full = path.join(target, to);
    mkdirSync(path.dirname(full), { recursive: true });
    copyFileSync(path.join(root, from), full, constants.COPYFILE_FICLONE);
  }
}
