import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { compareImages } from '../../../calibration/metrics/compare-images.ts';
import { Checkpoint } from '../../../mmdit/checkpoint/checkpoint.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import { OnnxSession } from '../../../mmdit/onnx/onnx-session.ts';
import { openPipeline } from '../../../mmdit/pipeline/open-pipeline.ts';
import type { GenerateProgress, RgbImage } from '../../../mmdit/pipeline/pipeline.ts';
import { decodeBytes } from '../../../mmdit/vae/decode-memory.ts';
import { decodeTiles, tilingOf } from '../../../mmdit/vae/tiled-decode.ts';
import { openVaeDecoder, type VaeDecoder, type VaeDecoderOptions } from '../../../mmdit/vae/vae-decoder.ts';
import { GOLDEN, goldenFloats, relativeError } from '../onnx/golden.ts';
import { temporaryFolder } from '../onnx/rewritten-component.ts';

/** vae-tiny as if it was trained on 32×32 pixels: tiles of 4 × 4 latents. */
async function openTiny(options: VaeDecoderOptions): Promise<VaeDecoder> {
  const folder = await temporaryFolder();
  const index = { _class_name: 'FluxPipeline', vae: ['diffusers', 'AutoencoderKL'] };
  await writeFile(path.join(folder, 'model_index.json'), JSON.stringify(index));
  await cp(path.join(GOLDEN, 'vae-tiny/vae'), path.join(folder, 'vae'), { recursive: true });
  await trainedOn(folder, 32);
  return openVaeDecoder(await Checkpoint.open(folder), options);
}

async function trainedOn(folder: string, sampleSize: number): Promise<void> {
  const file = path.join(folder, 'vae/config.json');
  const config = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...config, sample_size: sampleSize }));
}

const latents = () => goldenFloats('vae-tiny/io.safetensors', 'latent');

test('matches diffusers, tile by tile', async () => {
  const decoder = await openTiny({ way: 'tiled' });
  const tiles: string[] = [];
  const onTile = (tile: number, count: number) => tiles.push(`${tile} of ${count}`);
  const picture = await decoder.decode(await latents(), 6, 8, { onTile });
  expect(relativeError(picture, await goldenFloats('vae-tiny/tiled.safetensors', 'picture'))).toBeLessThan(1e-5);
  expect(tiles).toEqual(['1 of 6', '2 of 6', '3 of 6', '4 of 6', '5 of 6', '6 of 6']);
  await decoder.close();
});

test('tiles of a decoder that looks at nothing around a pixel make the whole picture', async () => {
  const size = fc.integer({ min: 1, max: 30 });
  await fc.assert(
    fc.asyncProperty(size, size, fc.integer({ min: 4, max: 12 }), async (h, w, tile) => {
      const scale = 2;
      const own = Float32Array.from({ length: 3 * h * w }, (_, at) => at);
      const enlarge = async (part: Float32Array, rows: number, columns: number) =>
        Float32Array.from({ length: 3 * 4 * rows * columns }, (_, at) => {
          const [x, y] = [at % (2 * columns), Math.floor(at / (2 * columns)) % (2 * rows)];
          const colour = Math.floor(at / (4 * rows * columns));
          return part[(colour * rows + (y >> 1)) * columns + (x >> 1)]!;
        });
      const tiling = tilingOf(tile * scale, scale);
      const picture = await decodeTiles({ latents: own, channels: 3, h, w, scale, tiling, decode: enlarge });
      expect(relativeError(picture, await enlarge(own, h, w))).toBeLessThan(1e-6);
    }),
  );
});

test('a trained decoder’s tiles show no seams: SSIM above 0.97 and PSNR above 29 dB', async () => {
  const folder = await temporaryFolder();
  await cp('demo/checkpoint', folder, { recursive: true });
  await trainedOn(folder, 128);
  const device = await CpuDevice.open();
  const paint = async (vae: 'whole' | 'tiled') => {
    const pipeline = await openPipeline(folder, device, { vae });
    const progress: GenerateProgress[] = [];
    const { images } = await pipeline.generate({
      samples: [{ prompt: 'a red cube left of a blue sphere on a lake at dawn', seed: 7 }],
      sampling: { ...pipeline.defaults, steps: 6, width: 256, height: 256 },
      onProgress: (event) => progress.push(event),
    });
    await pipeline.close();
    return { image: images[0] as RgbImage, decoding: progress.filter(({ stage }) => stage === 'decode') };
  };
  const [whole, tiled] = [await paint('whole'), await paint('tiled')];
  await device.close();
  const { ssim, psnr } = compareImages(whole.image, tiled.image);
  expect(ssim).toBeGreaterThan(0.97);
  expect(psnr).toBeGreaterThan(29);
  expect(whole.decoding).toEqual([{ stage: 'decode' }]);
  expect(tiled.decoding).toHaveLength(10);
  expect(tiled.decoding.at(-1)).toEqual({ stage: 'decode', tile: 9, tiles: 9 });
});

describe('auto', () => {
  /** Of the golden latents, whole. */
  const needed = decodeBytes({ blockChannels: [8, 16, 16, 16] }, 6, 8);

  test.each([
    ['plenty of memory', 2 * needed, 0],
    ['little memory', needed, 6],
  ])('%s', async (_, free, tiles) => {
    const decoder = await openTiny({ freeMemory: () => free });
    const [onTile, onNotice] = [vi.fn(), vi.fn()];
    const picture = await decoder.decode(await latents(), 6, 8, { onTile, onNotice });
    expect(onTile).toHaveBeenCalledTimes(tiles);
    expect(onNotice.mock.calls.flat().join()).toMatch(
      tiles === 0 ? /^$/ : /^the picture is decoded in tiles, .* needs about 0\.0 GiB, and 0\.0 GiB are free$/,
    );
    const expected = await goldenFloats(...((tiles === 0 ? WHOLE : TILED) as [string, string]));
    expect(relativeError(picture, expected)).toBeLessThan(1e-5);
    await decoder.close();
  });

  test('a picture of one tile is decoded whole, whatever is asked for', async () => {
    const decoder = await openTiny({ way: 'tiled', freeMemory: () => 0 });
    const onTile = vi.fn();
    await decoder.decode((await latents()).slice(0, 16 * 16), 4, 4, { onTile });
    expect(onTile).not.toHaveBeenCalled();
    await decoder.close();
  });
});
const WHOLE = ['vae-tiny/io.safetensors', 'image'];
const TILED = ['vae-tiny/tiled.safetensors', 'picture'];

test('can be stopped between two tiles', async () => {
  const decoder = await openTiny({ way: 'tiled' });
  const stop = new AbortController();
  const run = vi.spyOn(OnnxSession.prototype, 'run');
  const onTile = (tile: number) => {
    if (tile === 3) stop.abort(new Error('enough'));
  };
  await expect(decoder.decode(await latents(), 6, 8, { signal: stop.signal, onTile })).rejects.toThrow('enough');
  expect(run).toHaveBeenCalledTimes(2);
  run.mockRestore();
  expect(await decoder.decode(await latents(), 6, 8)).toHaveLength(3 * 48 * 64);
  await decoder.close();
});

test('the memory of FLUX’s decoder, measured as 3.2 GB beside its weights at 1024×1024', () => {
  const bytes = decodeBytes({ blockChannels: [128, 256, 512, 512] }, 128, 128);
  expect(bytes).toBeGreaterThan(3.2e9);
  expect(bytes).toBeLessThan(3.5e9);
});
