import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { TensorSource } from '../checkpoint/tensor-source.ts';
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  ELEMENT_TYPE,
  EXTERNAL,
  encodeModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx-schema.ts';

/** IR version 8 with opset 17: the newest pair whose operators all have float32 CPU kernels since ONNX Runtime 1.13. */
const IR_VERSION = 8;
const OPSETS = [
  { domain: '', version: 17 },
  { domain: 'com.microsoft', version: 1 },
];

/** A value of the graph under construction. */
export interface Value {
  readonly name: string;
}

/** Length of an axis, or the name of one that varies from run to run. */
export type Axis = number | string;
export type ElementType = 'F32' | 'I64';
/** Integers become INT, other numbers must be wrapped in `float()`; arrays are INTS. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxGraph {
  readonly name: string;
  /** The serialised ModelProto: graph and small constants, no weights. */
  readonly bytes: Uint8Array;
  /** Folder that the external data's locations are relative to; null where the graph has no weights. */
  readonly folder: string | null;
  /** Bytes of the weights as float32. */
  readonly weightBytes: number;
}

/**
 * Writes an ONNX graph whose weights stay where they are: each is an external initializer that points into the
 * checkpoint's own safetensors file. All arithmetic is float32; narrower weights get a Cast.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: NodeProto[] = [];
  readonly #casts: NodeProto[] = [];
  readonly #constants: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #sources = new Map<string, TensorSource>();
  readonly #floatWeights = new Map<string, Value>();
  #values = 0;

  constructor(name: string) {
    this.#name = name;
  }

  input(name: string, type: ElementType, shape: readonly Axis[]): Value {
    this.#inputs.push(valueInfo(name, type, shape));
    return { name };
  }

  /** Names `value` as a float32 output of the graph. */
  output(name: string, value: Value, shape: readonly Axis[]): void {
    this.#nodes.push(node('Identity', '', [value.name], name, []));
    this.#outputs.push(valueInfo(name, 'F32', shape));
  }

  /** A weight as float32. */
  weight(source: TensorSource): Value {
    const stored = this.storedWeight(source);
    if (source.dtype === 'F32') return stored;
    const known = this.#floatWeights.get(source.name);
    if (known) return known;
    const name = this.#fresh('Cast');
    this.#casts.push(node('Cast', '', [stored.name], name, [attributeProto('to', ELEMENT_TYPE.F32)]));
    const cast = { name };
    this.#floatWeights.set(source.name, cast);
    return cast;
  }

  /** A weight in the dtype of the checkpoint, for operators that only pick from it; `toFloat` makes the rest. */
  storedWeight(source: TensorSource): Value {
    this.#sources.set(source.name, source);
    return { name: source.name };
  }

  toFloat(value: Value): Value {
    return this.op('Cast', [value], { to: ELEMENT_TYPE.F32 });
  }

  floats(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.#constant(ELEMENT_TYPE.F32, new Float32Array(values), shape);
  }

  ints(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.#constant(ELEMENT_TYPE.I64, BigInt64Array.from(values, BigInt), shape);
  }

  /** An operator of the ONNX standard. `null` leaves an optional input out. */
  op(type: string, inputs: readonly (Value | null)[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.#add(type, '', inputs, attributes);
  }

  /** One of ONNX Runtime's own operators (domain com.microsoft). */
  contribOp(type: string, inputs: readonly (Value | null)[], attributes: Readonly<Record<string, Attribute>>): Value {
    return this.#add(type, 'com.microsoft', inputs, attributes);
  }

  reshape(value: Value, shape: readonly number[]): Value {
    return this.op('Reshape', [value, this.ints(shape)]);
  }

  async build(): Promise<OnnxGraph> {
    const { folder, locations } = await locate([...this.#sources.values()]);
    const weights = [...this.#sources.values()].map((source) => externalTensor(source, locations.get(source.file)!));
    const bytes = encodeModel({
      irVersion: IR_VERSION,
      producerName: 'arrowhead',
      opsetImport: OPSETS,
      graph: {
        // Not the graph's own name, which holds a path: equal graphs have equal bytes.
        name: 'graph',
        // ONNX Runtime orders nodes depth first, the last listed of a node's producers first. Listed at the front, a
        // cast runs just before its reader; anywhere else all casts would run first and hold memory together.
        node: [...this.#casts, ...this.#nodes],
        initializer: [...weights, ...this.#constants],
        input: this.#inputs,
        output: this.#outputs,
      },
    });
    const elements = [...this.#sources.values()].map(({ shape }) => shape.reduce((product, n) => product * n, 1));
    const weightBytes = 4 * elements.reduce((sum, count) => sum + count, 0);
    return { name: this.#name, bytes, folder, weightBytes };
  }

  #add(
    type: string,
    domain: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, Attribute>>,
  ): Value {
    const output = this.#fresh(type);
    const protos = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
    const names = inputs.map((value) => value?.name ?? '');
    this.#nodes.push(node(type, domain, names, output, protos));
    return { name: output };
  }

  #constant(dataType: number, data: Float32Array | BigInt64Array, shape: readonly number[]): Value {
    const name = this.#fresh('constant');
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#constants.push({ name, dataType, dims: shape, rawData });
    return { name };
  }

  /** Colons keep these names apart from tensor names and from the graph's own inputs and outputs. */
  #fresh(type: string): string {
    return `${type}::${this.#values++}`;
  }
}

/** A float attribute, where a plain number would be an integer one. */
export function float(value: number): Attribute {
  return { float: value };
}

function node(
  opType: string,
  domain: string,
  input: readonly string[],
  output: string,
  attribute: readonly AttributeProto[],
): NodeProto {
  return { opType, domain, name: output, input, output: [output], attribute };
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.INT, i: value };
  if (typeof value === 'string') return { name, type: ATTRIBUTE_TYPE.STRING, s: Buffer.from(value) };
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.FLOAT, f: value.float };
  return { name, type: ATTRIBUTE_TYPE.INTS, ints: value };
}

function valueInfo(name: string, type: ElementType, shape: readonly Axis[]): ValueInfoProto {
  const dim = shape.map((axis) => (typeof axis === 'number' ? { dimValue: axis } : { dimParam: axis }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPE[type], shape: { dim } } } };
}

function externalTensor(source: TensorSource, location: string): TensorProto {
  return {
    name: source.name,
    dataType: ELEMENT_TYPE[source.dtype],
    dims: source.shape,
    dataLocation: EXTERNAL,
    externalData: [
      { key: 'location', value: location },
      { key: 'offset', value: String(source.byteOffset) },
      { key: 'length', value: String(source.byteLength) },
    ],
  };
}

/**
 * ONNX Runtime refuses absolute locations and those that leave the given folder once links are followed (a hub cache
 * is all links), so locations are taken relative to the deepest folder that really holds all files.
 */
async function locate(
  sources: readonly TensorSource[],
): Promise<{ folder: string | null; locations: ReadonlyMap<string, string> }> {
  const real = new Map<string, string>();
  for (const { file } of sources) if (!real.has(file)) real.set(file, await realpath(file));
  let folder: string | null = null;
  for (const file of real.values()) {
    folder ??= path.dirname(file);
    while (path.relative(folder, file).startsWith('..')) folder = path.dirname(folder);
  }
  const base = folder ?? '';
  const locations = new Map(
    [...real].map(([file, target]) => [file, path.relative(base, target).replaceAll(path.sep, '/')]),
  );
  return { folder, locations };
}
