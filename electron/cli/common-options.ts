import { type Command, Option } from 'commander';
import type { DecodeWay, OnnxWish } from '../../mmdit/index.ts';
import { parseAmount, parseCount } from './arguments/numbers.ts';
import { type PictureSize, parseSize } from './arguments/size.ts';

/** What every command takes. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addOutputOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON object on standard output, errors included')
    .option('-q, --quiet', 'show no progress');
}

export interface ModelOptions {
  readonly model?: string;
  readonly device?: string;
  readonly onnx?: OnnxWish;
}

export function addModelOption(command: Command): Command {
  return addDeviceOption(
    command.option('--model <folder>', 'checkpoint in the diffusers layout (default: the demo checkpoint)'),
  ).addOption(
    new Option(
      '--onnx <provider>',
      'what text encoders and VAE run on (default: $ARROWHEAD_ONNX, else auto: the faster)',
    ).choices(['auto', 'cpu', 'cuda', 'webgpu']),
  );
}

export interface DecodeOptions {
  readonly vae?: DecodeWay;
}

export function addDecodeOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--vae <way>',
      'decode the picture whole or in overlapping tiles (default: auto, in tiles where memory is short)',
    ).choices(['auto', 'whole', 'tiled']),
  );
}

/** `otherwise`: what runs where the option is absent. */
export function addDeviceOption(command: Command, otherwise = 'a card where there is one, else cpu'): Command {
  return command.option(
    '--device <name>',
    `cpu, cuda, cuda:1 …; on a card +fp8 keeps projections in fp8, +offload in host memory: cuda:0+fp8 (default: ${otherwise})`,
  );
}

/** Absent ones are the checkpoint's own, or those of the scheme in use. */
export interface SamplingOptions {
  readonly steps?: number;
  readonly size?: PictureSize;
  readonly guidance?: number;
}

export function addSamplingOptions(command: Command): Command {
  return command
    .option('--steps <n>', "denoising steps (default: the model's own)", parseCount)
    .option('--size <WxH>', "picture size in pixels, such as 512x512 (default: the model's own)", parseSize)
    .option('--guidance <g>', "guidance scale (default: the model's own)", parseAmount);
}

/** A commander parser for an option that may be given several times or take several values. */
export function collect<T>(parse: (text: string) => T): (text: string, previous: readonly T[] | undefined) => T[] {
  return (text, previous) => [...(previous ?? []), parse(text)];
}
