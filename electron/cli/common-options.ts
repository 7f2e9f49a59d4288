import { type Command, Option } from 'commander';
import type { DecodeWay, OnnxWish } from '../../mmdit/index.ts';
import { parseAmount, parseCount } from './arguments/numbers.ts';
import { type PictureSize, parseSize } from './arguments/size.ts';
import { parsePath } from './arguments/paths.ts';

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
    command.option('--model <folder>', 'checkpoint in the diffusers layout (default: the demo checkpoint)', parsePath),
  ).addOption(
    new Option(
      '--onnx <provider>',
      'what text encoders and VAE run on; auto times both and takes the faster (default: $ARROWHEAD_ONNX, else auto)',
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
      'decode the picture whole or in overlapping tiles; auto: in tiles where memory is short (default: auto)',
    ).choices(['auto', 'whole', 'tiled']),
  );
}

/** `otherwise`: what runs where the option is absent. */
export function addDeviceOption(command: Command, otherwise = '$ARROWHEAD_DEVICE, else auto'): Command {
  return command.option(
    '--device <name>',
    `auto (a card where there is one, else cpu), cpu, cuda, cuda:1 …; on a card +fp8 keeps projections in fp8, +offload in host memory: cuda:0+fp8 (default: ${otherwise})`,
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
