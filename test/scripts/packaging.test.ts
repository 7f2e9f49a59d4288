import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FuseV1Options } from '@electron/fuses';
import { describe, expect, it } from 'vitest';
import { DEMO_CHECKPOINT } from '../../electron/engine/open-model.ts';
import { fileOnDisk } from '../../electron/engine/file-on-disk.ts';
import forge from '../../forge.config.ts';
import packageInfo from '../../package.json' with { type: 'json' };
import { productionPackages } from '../../scripts/bundle/production-packages.mjs';
import { isPackaged } from '../../scripts/desktop/packaged-files.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Every file of a built clone, as the packager names it. */
function filesOfClone(): readonly string[] {
  const tracked = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean);
  return tracked.map((file) => `/${file}`);
}

describe('what is packaged', () => {
  const packaged = filesOfClone().filter(isPackaged);

  it('holds the demo, its prompts and the licence, and no source, test, golden or training file', () => {
    expect(packaged).toContain('/package.json');
    expect(packaged).toContain('/LICENSE');
    expect(packaged).toContain('/demo/prompts.json');
    expect(packaged).toContain('/demo/checkpoint/model_index.json');
    const wrong = packaged.filter((file) => /^\/(test|renderer|scripts|mmdit|calibration|electron|\.ci)\//.test(file));
    expect(wrong).toEqual([]);
    expect(packaged.filter((file) => /\.(ts|tsx|cts|py|cu|cpp|h)$/.test(file))).toEqual([]);
  });

  it.each([
    ['/dist/renderer/index.html', true],
    ['/dist/desktop/electron/main.js', false],
    ['/native-kernels/build/release/arrowhead_kernels.node', true],
    ['/native-kernels/build/cmake-release/CMakeCache.txt', false],
    ['/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1', true],
    ['/node_modules/zod/index.js', true],
    ['/node_modules/zod/README.md', false],
    ['/node_modules/.cache/x', false],
    ['/demo/training/flux.py', false],
    ['/demo', true],
    ['/runs/first/run.json', false],
    ['/electron', false],
  ])('%s: %s', (file, expected) => {
    expect(isPackaged(file)).toBe(expected);
  });

  it('every folder on the way to a packaged file is packaged: the packager does not look into others', () => {
    for (const file of [...packaged, '/native-kernels/build/release/x.node', '/dist/renderer/assets/x.js']) {
      const folders = file
        .split('/')
        .slice(1, -1)
        .map((_, n, parts) => `/${parts.slice(0, n + 1).join('/')}`);
      for (const folder of folders) expect(isPackaged(folder), folder).toBe(true);
    }
  });

  it('libraries that the main process loads are dependencies; what the window bundles is not shipped twice', () => {
    const shipped = Object.keys(packageInfo.dependencies);
    expect(shipped).toEqual(expect.arrayContaining(['onnxruntime-node', 'sharp', 'zod', 'ws']));
    expect(shipped.filter((name) => /react|plotly|radix|zustand|vite|^electron$|^@electron/.test(name))).toEqual([]);
    expect(packageInfo.main).toBe('electron/main.js');
  });
});

it.each(['tsconfig.build.json', 'tsconfig.desktop.json'])('%s compiles every worker’s entry', (config) => {
  const { files } = JSON.parse(readFileSync(path.join(ROOT, 'electron', config), 'utf8')) as { files: string[] };
  const sources = readdirSync(path.join(ROOT, 'electron'), { recursive: true, encoding: 'utf8' });
  const entries = sources
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(path.join(ROOT, 'electron', name), 'utf8');
      const named = [...text.matchAll(/besideModule\(\s*'([^']+)',\s*import\.meta\.url/g)];
      return named.map(([, entry]) => path.posix.join(path.posix.dirname(name.replaceAll('\\', '/')), `${entry}.ts`));
    });
  expect(entries.length).toBeGreaterThan(2);
  expect(entries.filter((entry) => !files.includes(entry))).toEqual([]);
});

describe('forge.config.ts', () => {
  it('keeps native code, the demo and ONNX Runtime outside the asar', async () => {
    const { asar } = forge.packagerConfig as { asar: { unpack: string } };
    // The packager matches as minimatch does, with matchBase.
    const { minimatch } = await import('minimatch');
    const unpacked = (file: string) => minimatch(file, asar.unpack, { matchBase: true });
    expect(unpacked('/app/native-kernels/build/release/arrowhead_kernels.node')).toBe(true);
    expect(unpacked('/app/demo/checkpoint/transformer/diffusion_pytorch_model.safetensors')).toBe(true);
    expect(unpacked('/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1')).toBe(true);
    expect(unpacked('/app/node_modules/@img/sharp-libvips-linux-x64/lib/libvips-cpp.so')).toBe(true);
    expect(unpacked('/app/electron/main.js')).toBe(false);
  });

  it('keeps every native library of the packages that ship outside the asar: the system loads it', async () => {
    const { asar } = forge.packagerConfig as { asar: { unpack: string } };
    const { minimatch } = await import('minimatch');
    const libraries = productionPackages(ROOT).flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.(node|so|dylib|dll)(\.\d+)*$/.test(file) && !file.includes('node_modules'))
        .map((file) => `/app/${folder}/${file}`),
    );
    expect(libraries.length).toBeGreaterThan(3);
    expect(libraries.filter((file) => !minimatch(file, asar.unpack, { matchBase: true }))).toEqual([]);
  });

  it('what is unpacked is opened where it lies, not inside the archive', () => {
    expect(fileOnDisk('/opt/arrowhead/resources/app.asar/demo/checkpoint')).toBe(
      '/opt/arrowhead/resources/app.asar.unpacked/demo/checkpoint',
    );
    expect(fileOnDisk('C:\\Arrowhead\\resources\\app.asar\\demo')).toBe(
      'C:\\Arrowhead\\resources\\app.asar.unpacked\\demo',
    );
    expect(fileOnDisk('/home/me/app.asar.d/demo')).toBe('/home/me/app.asar.d/demo');
    expect(DEMO_CHECKPOINT).toBe(path.join(ROOT, 'demo', 'checkpoint'));
  });

  it('has makers for every system', () => {
    const makers = (forge.makers ?? []) as { name: string; platforms: string[] }[];
    expect(makers.map(({ name }) => name)).toEqual(['deb', 'rpm', 'zip', 'electron-builder']);
  });

  it('sets the fuses', () => {
    const plugin = forge.plugins?.[0] as { name: string; fusesConfig: Record<number, boolean> };
    expect(plugin.name).toBe('fuses');
    const { fusesConfig } = plugin;
    expect(fusesConfig[FuseV1Options.RunAsNode]).toBe(false);
    expect(fusesConfig[FuseV1Options.EnableNodeOptionsEnvironmentVariable]).toBe(false);
    expect(fusesConfig[FuseV1Options.EnableNodeCliInspectArguments]).toBe(false);
    expect(fusesConfig[FuseV1Options.EnableEmbeddedAsarIntegrityValidation]).toBe(true);
    expect(fusesConfig[FuseV1Options.OnlyLoadAppFromAsar]).toBe(true);
    expect(fusesConfig[FuseV1Options.GrantFileProtocolExtraPrivileges]).toBe(false);
  });
});
