import { describePickle, PickleDict, PickleError, type PickleValue } from './pickle-value.ts';
import { type TensorView, TorchTensor } from './torch-values.ts';

/** Where training scripts put the state dict in a dict of other things. */
const WRAPPER = 'state_dict';

/** The tensors of a state dict by name; other entries, such as an epoch, are left out. Throws PickleError. */
export function stateDictOf(value: PickleValue): ReadonlyMap<string, TensorView> {
  if (!(value instanceof PickleDict)) {
    throw new PickleError(`holds ${describePickle(value)}; expected a state dict: names with their tensors`);
  }
  const inner = value.entries.get(WRAPPER);
  const tensors = new Map<string, TensorView>();
  for (const [name, entry] of (inner instanceof PickleDict ? inner : value).entries) {
    if (typeof name === 'string' && entry instanceof TorchTensor) tensors.set(name, entry.view);
  }
  if (tensors.size === 0) {
    throw new PickleError(`holds a dict without tensors; expected a state dict, or one under "${WRAPPER}"`);
  }
  return tensors;
}
