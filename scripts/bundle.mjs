// npm run bundle: Arrowhead as archives for GPU hosts without a network (linux-x64), in dist/bundle.
//   --demo          with the demo checkpoint
//   --draft         packs fast, and the first archive may be of any size: for tests
//   --out <folder>  writes the archives there
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeBundle } from './bundle/make-bundle.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const say = (line) => process.stderr.write(`bundle: ${line}\n`);

try {
  const { values } = parseArgs({
    options: {
      demo: { type: 'boolean', default: false },
      draft: { type: 'boolean', default: false },
      out: { type: 'string', default: path.join(ROOT, 'dist', 'bundle') },
    },
  });
  const lines = await makeBundle(ROOT, { ...values, out: path.resolve(values.out) }, say);
  console.log(lines.join('\n'));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
