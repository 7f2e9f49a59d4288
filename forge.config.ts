import { chmodSync, copyFileSync, existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { FuseV1Options, FuseVersion } from '@electron/fuses';
import { MakerDeb } from '@electron-forge/maker-deb';
import { MakerRpm } from '@electron-forge/maker-rpm';
import { MakerZIP } from '@electron-forge/maker-zip';
import { FusesPlugin } from '@electron-forge/plugin-fuses';
import type { ForgeConfig } from '@electron-forge/shared-types';
import { ensureRenderer } from './scripts/desktop/build-renderer.mjs';
import { BuilderMaker } from './scripts/desktop/builder-maker.ts';
import { isPackaged, UNPACKED } from './scripts/desktop/packaged-files.ts';
import { emitDesktop } from './scripts/program/emit-program.mjs';

const ROOT = import.meta.dirname;
const DESCRIPTION = 'Research workbench for head-wise attention compression of diffusion transformers';
const linuxPackage = { options: { description: DESCRIPTION, categories: ['Science' as const], bin: 'arrowhead' } };

/** A script takes the program's place, and says what to do where there is no sandbox for it. */
function addLauncher(folder: string): void {
  const program = path.join(folder, 'arrowhead');
  renameSync(program, `${program}-bin`);
  copyFileSync(path.join(ROOT, 'scripts', 'desktop', 'linux-launcher.sh'), program);
  chmodSync(program, 0o755);
}

const config: ForgeConfig = {
  packagerConfig: {
    name: 'Arrowhead',
    executableName: 'arrowhead',
    appBundleId: 'io.github.arrowhead.workbench',
    appCategoryType: 'public.app-category.developer-tools',
    asar: { unpack: UNPACKED },
    ignore: (file: string) => !isPackaged(file),
    prune: true,
  },
  // The kernels are N-API and built by CMake: nothing is compiled against Electron's own headers.
  rebuildConfig: { onlyModules: [] },
  makers: [
    new MakerDeb(linuxPackage as ConstructorParameters<typeof MakerDeb>[0]),
    // Still of Forge 7, whose types name platforms by plain strings.
    new MakerRpm(linuxPackage as ConstructorParameters<typeof MakerRpm>[0]) as unknown as MakerZIP,
    new MakerZIP({}),
    new BuilderMaker({}),
  ],
  plugins: [
    new FusesPlugin({
      version: FuseVersion.V1,
      strictlyRequireAllFuses: false,
      [FuseV1Options.RunAsNode]: false,
      [FuseV1Options.EnableCookieEncryption]: true,
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
      [FuseV1Options.EnableNodeCliInspectArguments]: false,
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
      [FuseV1Options.OnlyLoadAppFromAsar]: true,
      [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
    }),
  ],
  hooks: {
    prePackage: async () => {
      await ensureRenderer(ROOT, (line: string) => process.stderr.write(`${line}\n`));
      const addon = path.join(ROOT, 'native-kernels', 'build', 'release', 'arrowhead_kernels.node');
      if (!existsSync(addon)) throw new Error(`${addon} is missing; build it first: npm run build:native`);
    },
    packageAfterCopy: async (_config, buildPath) => {
      await emitDesktop(ROOT, buildPath);
    },
    postPackage: async (_config, { platform, outputPaths }) => {
      if (platform === 'linux') for (const folder of outputPaths) addLauncher(folder);
    },
  },
};

export default config;
