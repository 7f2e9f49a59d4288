import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { readFloats } from '../../../mmdit/checkpoint/read-floats.ts';
import type { TensorToWrite } from '../../../mmdit/checkpoint/safetensors-writer.ts';
import type { TensorFile } from '../../../mmdit/checkpoint/tensor-file.ts';
import type { TensorSource } from '../../../mmdit/checkpoint/tensor-source.ts';
import { LPIPS_NETWORKS, type LpipsNetwork, NETWORK_TITLES, type Parameter, parametersOf } from './networks.ts';
import { PUBLISHED_WEIGHTS } from './published-weights.ts';

/** torchvision's `features.3.weight`, LPIPS's `net.slice2.3.weight`, torchmetrics' `net.net.slices.1.3.weight`. */
const BACKBONE = /^(?:net\.){0,2}(?:features|slice\d+|slices\.\d+)\.(\d+\..+)$/;
/** `lin0.model.1.weight`; without dropout it is layer 0. LPIPS's state dict has each a second time, as `lins.0`. */
const HEAD = /^(?:net\.)?(lin\d+)\.model\.[01]\.weight$/;

interface Found {
  readonly file: TensorFile;
  /** In its file. */
  readonly name: string;
}

/**
 * Every parameter of a network in float32, with the names of `lpips.LPIPS(net=…)`, from its authors' files in any order or
 * from one that holds all. Throws CheckpointError for what is missing, misshapen, there twice, or no number.
 */
export async function readLpipsWeights(
  network: LpipsNetwork,
  files: readonly TensorFile[],
): Promise<readonly TensorToWrite[]> {
  const parameters = parametersOf(network);
  const found = new Map<string, Found>();
  for (const file of files) {
    const own = parametersIn(file, parameters);
    if (own.size === 0) throw new CheckpointError(file.file, `holds nothing of lpips-${network}; ${holds(file)}`);
    for (const [parameter, name] of own) {
      const before = found.get(parameter);
      if (before !== undefined) {
        const both = `"${parameter}" is in ${before.file.file}, too`;
        throw new CheckpointError(file.file, `${both}; give one file of the backbone and one of the linear heads`);
      }
      found.set(parameter, { file, name });
    }
  }
  const places = parameters.flatMap((parameter) => {
    const place = found.get(parameter.name);
    return place === undefined ? [] : [{ parameter, source: sourceOf(network, parameter, place) }];
  });
  const absent = parameters.find(({ name }) => !found.has(name));
  if (absent !== undefined) throw missing(network, absent, files, found);
  const tensors: TensorToWrite[] = [];
  for (const { parameter, source } of places) tensors.push(await readParameter(parameter, source));
  return tensors;
}

/** Which tensor of a file is which parameter. */
function parametersIn(file: TensorFile, parameters: readonly Parameter[]): ReadonlyMap<string, string> {
  const byLayer = new Map(parameters.map(({ name }) => [BACKBONE.exec(name)?.[1] ?? HEAD.exec(name)?.[1], name]));
  const own = new Map<string, string>();
  for (const name of file.names) {
    const parameter = byLayer.get(BACKBONE.exec(name)?.[1] ?? HEAD.exec(name)?.[1] ?? '');
    if (parameter !== undefined) own.set(parameter, name);
  }
  return own;
}

/** Throws CheckpointError for another shape, naming the network that the file fits. */
function sourceOf(network: LpipsNetwork, { shape }: Parameter, { file, name: stored }: Found): TensorSource {
  const source = file.tensor(stored);
  const [expected, there] = [shape.join(', '), source.shape.join(', ')];
  if (expected !== there) {
    const other = LPIPS_NETWORKS.find((candidate) => candidate !== network && fits(file, candidate));
    throw new CheckpointError(
      file.file,
      `tensor "${stored}": expected [${expected}] for lpips-${network}, found [${there}]${other ? `; it fits lpips-${other}` : ''}`,
    );
  }
  return source;
}

async function readParameter({ name, shape }: Parameter, source: TensorSource) {
  const data = await readFloats(source);
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    const problem = `tensor "${source.name}": element ${wrong} is ${data[wrong]}; expected a number`;
    throw new CheckpointError(source.file, problem);
  }
  return { name, dtype: 'F32', shape, data } as const;
}

/** Whether a file holds a whole backbone or all heads of a network, in its shapes. */
function fits(file: TensorFile, network: LpipsNetwork): boolean {
  const parameters = parametersOf(network);
  const own = parametersIn(file, parameters);
  const [first = ''] = own.keys();
  return parameters
    .filter(({ name }) => HEAD.test(name) === HEAD.test(first))
    .every(({ name, shape }) => {
      const stored = own.get(name);
      return stored !== undefined && String(file.tensor(stored).shape) === String(shape);
    });
}

function missing(
  network: LpipsNetwork,
  parameter: Parameter,
  files: readonly TensorFile[],
  found: ReadonlyMap<string, Found>,
): CheckpointError {
  const [backbone, heads] = PUBLISHED_WEIGHTS[network];
  const isHead = HEAD.test(parameter.name);
  const hasPart = [...found.keys()].some((name) => HEAD.test(name) === isHead);
  const part = isHead ? 'linear heads' : NETWORK_TITLES[network];
  const where = isHead ? `LPIPS's weights/v0.1/${heads.name}` : `torchvision's ${backbone.name}`;
  const problem = hasPart
    ? `has no "${parameter.name}" [${parameter.shape.join(', ')}], which lpips-${network} needs`
    : `has no ${part}; give ${where} as well`;
  return new CheckpointError(files.map(({ file }) => file).join(' and '), problem);
}

function holds({ names }: TensorFile): string {
  return `it begins with ${names
    .slice(0, 3)
    .map((name) => `"${name}"`)
    .join(', ')}`;
}
