import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureRenderer } from '../desktop/build-renderer.mjs';
import { BUNDLE } from './bundle-files.mjs';
import { ARCHIVE, HOW_TO_USE, ONNX_RUNTIME_ARCHIVE } from './bundle-notes.mjs';
import { stageOnnxRuntime, stageProgram } from './stage-bundle.mjs';
import { inMiB, writeArchive } from './write-archive.mjs';

const MOST_BYTES = 60 * 2 ** 20;

/** Writes both archives into the folder `out`. Returns lines that tell their sizes and how to use them. */
export async function makeBundle(root, { demo, draft, out }, say) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`a bundle for linux-x64 is made on linux-x64; this is ${process.platform}-${process.arch}`);
  }
  await ensureRenderer(root, say);
  const stage = mkdtempSync(path.join(tmpdir(), 'arrowhead-bundle-'));
  try {
    const [program, runtime] = [path.join(stage, 'program'), path.join(stage, 'onnxruntime')];
    const { needs, kernels } = await stageProgram(root, program, { demo });
    stageOnnxRuntime(root, runtime);
    const level = draft ? 0 : 6;
    const pack = (parent, archive, most) => {
      say(`packing ${archive}${draft ? '' : '; up to a minute'}`);
      return writeArchive({ parent, name: BUNDLE, file: path.join(out, archive), level, most });
    };
    const first = await pack(program, ARCHIVE, draft ? undefined : MOST_BYTES);
    const second = await pack(runtime, ONNX_RUNTIME_ARCHIVE);
    return [
      `${path.join(out, ARCHIVE)}: ${inMiB(first)} (${kernels.join(', ')})`,
      `${path.join(out, ONNX_RUNTIME_ARCHIVE)}: ${inMiB(second)}`,
      '',
      `On a host with glibc ${needs.glibc} or newer and a libstdc++ that has ${needs.libstdcxx}:`,
      '',
      ...HOW_TO_USE.map((line) => `    ${line}`),
    ];
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}
