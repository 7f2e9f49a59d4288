import { describePickle, PickleDict, PickleError, PickleList, PickleObject, type PickleValue } from './pickle-value.ts';

const MAX_AXES = 32;
/** A storage's type is its name; safetensors' words for the dtypes. */
const DTYPES: Readonly<Record<string, string>> = {
  Float: 'F32',
  Half: 'F16',
  BFloat16: 'BF16',
  Double: 'F64',
  Long: 'I64',
  Int: 'I32',
  Short: 'I16',
  Char: 'I8',
  Byte: 'U8',
  Bool: 'BOOL',
};

/** `torch.FloatStorage` and its like: named in ids of storages, never called. */
class StorageType extends PickleObject {
  readonly what: string;
  readonly dtype: string;

  constructor(what: string, dtype: string) {
    super();
    this.what = what;
    this.dtype = dtype;
  }
}

/** The values of one or more tensors, somewhere in the file. */
export class TorchStorage extends PickleObject {
  readonly what = 'a storage';
  readonly key: string;
  readonly dtype: string;
  /** Elements. */
  readonly length: number;

  constructor(key: string, dtype: string, length: number) {
    super();
    this.key = key;
    this.dtype = dtype;
    this.length = length;
  }
}

/** A view of a storage, in elements. */
export class TorchTensor extends PickleObject {
  readonly what = 'a tensor';
  #view: TensorView | null = null;

  /** Throws PickleError for one whose state never came. */
  get view(): TensorView {
    if (this.#view === null) throw new PickleError('makes a tensor without a storage');
    return this.#view;
  }

  /** (storage, offset, shape, strides): how tensors were pickled before there were functions to rebuild them. */
  override setState(state: PickleValue): void {
    const [storage, offset, shape, strides] = Array.isArray(state) ? (state as readonly PickleValue[]) : [];
    if (!(storage instanceof TorchStorage)) {
      throw new PickleError(`makes a tensor of ${describePickle(storage ?? null)} where a storage is needed`);
    }
    this.#view = {
      storage,
      offset: wholeNumber(offset, 'the offset of a tensor'),
      shape: wholeNumbers(shape, 'the shape of a tensor'),
      strides: wholeNumbers(strides, 'the strides of a tensor'),
    };
    if (this.#view.shape.length !== this.#view.strides.length) {
      throw new PickleError('makes a tensor with more or fewer strides than axes');
    }
  }
}

export interface TensorView {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A function or class of Python, as what it means for data. */
class TorchFunction extends PickleObject {
  readonly what: string;
  readonly #run: (args: readonly PickleValue[]) => PickleValue;

  constructor(what: string, run: (args: readonly PickleValue[]) => PickleValue) {
    super();
    this.what = what;
    this.#run = run;
  }

  override call(args: readonly PickleValue[]): PickleValue {
    return this.#run(args);
  }
}

const GLOBALS: ReadonlyMap<string, PickleObject> = new Map(
  [
    ...Object.entries(DTYPES).map(([name, dtype]) => new StorageType(`torch.${name}Storage`, dtype)),
    ...Object.keys(DTYPES).flatMap((name) =>
      ['torch', 'torch.cuda'].map((module) => new TorchFunction(`${module}.${name}Tensor`, () => new TorchTensor())),
    ),
    new TorchFunction('torch._utils._rebuild_tensor', rebuildTensor),
    new TorchFunction('torch._utils._rebuild_tensor_v2', rebuildTensor),
    // (data, requires_grad, backward_hooks)
    new TorchFunction('torch._utils._rebuild_parameter', ([data]) => data ?? null),
    new TorchFunction('torch.Size', ([shape]) => shape ?? []),
    new TorchFunction('collections.OrderedDict', orderedDict),
  ].map((known) => [known.what, known]),
);

/** Everything that the pickle of a checkpoint may name. Throws PickleError for anything else. */
export function torchGlobal(module: string, name: string): PickleObject {
  const known = GLOBALS.get(`${module}.${name}`);
  if (known !== undefined) return known;
  throw new PickleError(
    `names ${JSON.stringify(`${module}.${name}`)}, which is refused: only tensors in plain dicts are read, and nothing is run. ` +
      'Write it again with torch.save(model.state_dict(), FILE), or as safetensors',
  );
}

/** ('storage', type, key, device, elements), and before torch 0.2 what part of another storage it is. */
export function torchStorage(id: PickleValue): TorchStorage {
  const [word, type, key, , length, part = null] = Array.isArray(id) ? (id as readonly PickleValue[]) : [];
  if (word !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string') {
    throw new PickleError(`refers to ${describePickle(id)} outside of it; expected a storage`);
  }
  if (part !== null) throw new PickleError(`has storage "${key}" as a part of another, which is not supported`);
  return new TorchStorage(key, type.dtype, wholeNumber(length, `the length of storage "${key}"`));
}

/** (storage, offset, shape, strides), then what training needs. */
function rebuildTensor(args: readonly PickleValue[]): TorchTensor {
  const tensor = new TorchTensor();
  tensor.setState(args);
  return tensor;
}

/**
 * Python 2 hands the pairs over at once, Python 3 sets them one by one. The list is used up, so that calls with one list
 * over and over cannot make more than the pickle holds.
 */
function orderedDict([pairs]: readonly PickleValue[]): PickleDict {
  const dict = new PickleDict();
  for (const pair of pairs instanceof PickleList ? pairs.items.splice(0) : []) {
    const items = pair instanceof PickleList ? pair.items : Array.isArray(pair) ? pair : [];
    if (items.length !== 2) throw new PickleError(`makes an OrderedDict of ${describePickle(pair)}; expected pairs`);
    dict.entries.set(items[0], items[1]);
  }
  return dict;
}

function wholeNumber(value: PickleValue | undefined, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new PickleError(`gives ${describePickle(value ?? null)} as ${what}; expected a whole number`);
}

function wholeNumbers(value: PickleValue | undefined, what: string): readonly number[] {
  if (!Array.isArray(value) || value.length > MAX_AXES) {
    throw new PickleError(`gives ${describePickle(value ?? null)} as ${what}; expected a tuple of at most ${MAX_AXES}`);
  }
  return (value as readonly PickleValue[]).map((length) => wholeNumber(length, what));
}
