import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCudaCompiler } from './cuda-compiler.mjs';
import { buildAddon, CPU_ADDON, CUDA_ADDON, isAddonCurrent, testSanitized } from './native-build.mjs';
import { arePackagesCurrent, installPackages } from './packages.mjs';
import { withSetupLock } from './setup-lock.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** @param {{ quiet: boolean, rebuild: boolean, sanitize: boolean }} options */
export async function setUp({ quiet, rebuild, sanitize }) {
  // On stderr, so that a command that prints JSON on stdout may run this first.
  const say = (line) => process.stderr.write(`setup: ${line}\n`);
  const nvcc = await findCudaCompiler();
  const addons = nvcc === null ? [CPU_ADDON] : [CPU_ADDON, CUDA_ADDON];
  const ready = () => arePackagesCurrent(ROOT) && addons.every((addon) => isAddonCurrent(ROOT, addon));

  if (!rebuild && !sanitize && ready()) {
    if (!quiet) say('packages and native kernels are up to date');
    return;
  }
  await withSetupLock(ROOT, say, async () => {
    // Asked again: whoever held the lock may have done the work.
    if (!arePackagesCurrent(ROOT)) await installPackages(ROOT, say);
    else if (!quiet) say('packages are up to date');

    for (const addon of addons) {
      if (rebuild || !isAddonCurrent(ROOT, addon))
        await buildAddon(ROOT, addon, say, addon === CUDA_ADDON ? { nvcc } : {});
      else if (!quiet) say(`${addon.what} are up to date`);
    }

    if (sanitize) await testSanitized(ROOT, say);
  });
}
