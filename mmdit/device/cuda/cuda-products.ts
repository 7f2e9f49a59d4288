import { CUDA_DTYPES, type CudaContext } from '../../../native-kernels/index.ts';
import type { JointQkv, LinearOptions, ProjectQkvOptions, QkvStream, Tensor } from '../device.ts';
import { ShapeError } from '../shape-error.ts';
import type { CudaStream } from './cuda-stream.ts';
import { type CudaTensor, contiguous, cudaTensor, cudaTensorOf, type Quantised } from './cuda-tensor.ts';
import type { CudaWeights } from './cuda-weights.ts';
import { type QkvProjection, qkvProjection } from './qkv-projection.ts';

type Product = Pick<Parameters<CudaContext['linear']>[0], 'rows' | 'columns' | 'out' | 'outDtype' | 'bias' | 'gelu'>;

/** Of a sum over several products: bias and activation belong to the whole, and the last one brings them. */
function partial({ bias, gelu }: Product, index: number, isLast: boolean) {
  return { accumulate: index > 0, bias: isLast ? bias : null, gelu: isLast && gelu };
}

/** Matrix products, in bf16 or fp8 as their weights are kept. */
export class CudaProducts {
  readonly #stream: CudaStream;
  readonly #weights: CudaWeights;

  constructor(stream: CudaStream, weights: CudaWeights) {
    this.#stream = stream;
    this.#weights = weights;
  }

  /** As the device's, but for SiLU, which no product ends with. */
  linear(
    x: Tensor | readonly Tensor[],
    weight: Tensor,
    bias: Tensor | null,
    { activation, out: into, use }: LinearOptions,
  ): CudaTensor {
    const w = contiguous('linear', 'weight', weight);
    const [columns = 0, inner = 0] = w.shape;
    if (w.shape.length !== 2) throw new ShapeError('linear', 'weight', 'of shape [out, in]', w.shape);
    const b = bias && contiguous('linear', 'bias', bias, [columns]);
    const parts = (Array.isArray(x) ? (x as readonly Tensor[]) : [x as Tensor]).map((part) =>
      cudaTensor('linear', 'x', part),
    );
    const [first] = parts;
    const width = parts.reduce((sum, part) => sum + part.width, 0);
    if (!first || width !== inner || parts.some((part) => part.rowCount !== first.rowCount))
      throw new ShapeError('linear', 'x', `of ${inner} channels`, first?.shape ?? 'nothing');
    const rows = first.rowCount;
    const shape = [...first.shape.slice(0, -1), columns];
    const common = { rows, columns, bias: b?.place ?? null, gelu: activation === 'gelu-tanh' };
    const isForProjections = use === 'projection' && !into && this.#weights.areQuantised(columns);
    if (isForProjections && w.quantised && common.gelu && parts.length === 1) {
      const quantised = this.#multiplyToFp8(first, w.quantised, common);
      if (quantised) return this.#stream.inFp8(shape, quantised);
    }
    const out = into ? cudaTensorOf('linear', 'out', into, shape) : this.#stream.allocate(shape, 'bf16');
    out.forgetQuantised();
    const product = { ...common, out: out.rows, outDtype: out.dtypeCode };
    if (w.quantised) this.#multiplyQuantised(parts, w.quantised, product);
    else this.#multiply(parts, w, product);
    return out;
  }

  projectQkv(streams: readonly QkvStream[], to: JointQkv, { eps, needed }: ProjectQkvOptions): void {
    const projections = streams.map((stream) => qkvProjection(stream, to, needed, (x) => this.#quantised(x)));
    const [first] = projections;
    if (!first) return;
    const { inner, dtype } = first.shape;
    const isAlike = ({ shape, weight }: QkvProjection) =>
      !weight.host && shape.inner === inner && shape.dtype === dtype;
    // In one launch where all weights are on the card: text alone does not fill it.
    if (projections.every(isAlike)) {
      const parts = projections.flatMap((projection) => projection.parts(projection.weight.rows));
      this.#stream.run(() => this.#stream.context.projectQkv({ ...first.shape, parts, eps }));
      return;
    }
    for (const { shape, weight, parts } of projections)
      this.#weights.with(weight, 0, (rows) => this.#stream.context.projectQkv({ ...shape, parts: parts(rows), eps }));
  }

  /** Parts two by two, which cost no more than one. */
  #multiply(parts: readonly CudaTensor[], weight: CudaTensor, product: Product): void {
    let column = 0;
    for (let n = 0; n < parts.length; n += 2) {
      const [x, rest] = parts.slice(n, n + 2) as [CudaTensor, CudaTensor?];
      const inner = x.width + (rest?.width ?? 0);
      this.#weights.with(weight, column, (rows) =>
        this.#stream.context.linear({
          ...{ ...product, ...partial(product, n, n + 2 >= parts.length) },
          ...{
            x: x.rows,
            ...(rest && { rest: rest.rows, split: x.width }),
            weight: rows,
            inner,
            dtype: weight.dtypeCode,
          },
        }),
      );
      column += inner;
    }
  }

  #multiplyQuantised(parts: readonly CudaTensor[], weight: Quantised, product: Product): void {
    let column = 0;
    for (const [n, part] of parts.entries()) {
      const { values, scales } = this.#quantised(part);
      this.#weights.with(weight.values, column, (rows) =>
        this.#stream.context.linear({
          ...{ ...product, ...partial(product, n, n === parts.length - 1), x: values.rows, weight: rows },
          ...{ inner: part.width, dtype: CUDA_DTYPES.e4m3, xScales: scales.place, weightScales: weight.scales.place },
        }),
      );
      column += part.width;
    }
  }

  /** Written as fp8 at once: scales follow from the norms of what is multiplied. null where these are not known. */
  #multiplyToFp8(x: CudaTensor, weight: Quantised, common: Omit<Product, 'out' | 'outDtype'>): Quantised | null {
    const own = this.#quantised(x);
    if (!own.norms || !weight.norms) return null;
    const values = this.#stream.allocate([common.rows, common.columns], 'e4m3');
    const scales = this.#stream.allocate([common.rows], 'f32');
    const [xNorms, weightNorms] = [own.norms.place, weight.norms.place];
    this.#weights.with(weight.values, 0, (rows) =>
      this.#stream.context.linear({
        ...{ ...common, accumulate: false, x: own.values.rows, weight: rows, inner: x.width, dtype: CUDA_DTYPES.e4m3 },
        ...{ xScales: own.scales.place, weightScales: weight.scales.place, xNorms, weightNorms },
        ...{ out: values.rows, outDtype: CUDA_DTYPES.e4m3, outScales: scales.place },
      }),
    );
    return { values, scales, norms: null };
  }

  #quantised(x: CudaTensor): Quantised {
    x.quantised ??= this.#stream.quantise(x);
    return x.quantised;
  }
}
