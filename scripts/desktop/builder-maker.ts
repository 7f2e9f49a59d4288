import path from 'node:path';
import { MakerBase, type MakerOptions } from '@electron-forge/maker-base';
import type { ForgePlatform } from '@electron-forge/shared-types';
import { buildForge } from 'app-builder-lib';

/** electron-builder's targets by platform. */
const TARGETS: Readonly<Record<string, { readonly [key: string]: readonly string[] }>> = {
  win32: { win: ['nsis'] },
  linux: { linux: ['AppImage'] },
  darwin: { mac: ['dmg'] },
};

/** Installers that Forge has no maker for: NSIS, AppImage and dmg, by electron-builder, from what Forge has packaged. */
export class BuilderMaker extends MakerBase<Record<string, never>> {
  override name = 'electron-builder';
  override defaultPlatforms: ForgePlatform[] = ['win32', 'linux', 'darwin'];

  override isSupportedOnCurrentPlatform(): boolean {
    return process.platform in TARGETS;
  }

  override async make({ dir, makeDir, targetPlatform }: MakerOptions): Promise<string[]> {
    const targets = TARGETS[targetPlatform];
    if (!targets) throw new Error(`electron-builder makes nothing for ${targetPlatform}`);
    const config = {
      appId: 'io.github.arrowhead.workbench',
      productName: 'Arrowhead',
      directories: { output: path.join(makeDir, 'electron-builder') },
      // Its default would start the app without a sandbox.
      appImage: { executableArgs: [] },
      nsis: { oneClick: false, allowToChangeInstallationDirectory: true },
    };
    return buildForge({ dir }, { ...targets, config } as Parameters<typeof buildForge>[1]);
  }
}
