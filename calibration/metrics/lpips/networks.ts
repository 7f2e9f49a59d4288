/** The networks that LPIPS v0.1 was published with, by their authors' names. */
export const LPIPS_NETWORKS = ['alex', 'vgg', 'squeeze'] as const;
export type LpipsNetwork = (typeof LPIPS_NETWORKS)[number];

/** nn.Conv2d and the ReLU that follows it. */
export interface Convolution {
  /** In LPIPS's state dict, without `.weight`. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

export type Layer =
  | { readonly kind: 'convolution'; readonly convolution: Convolution }
  /** nn.MaxPool2d with stride 2. */
  | { readonly kind: 'pool'; readonly kernel: number; readonly ceil: boolean }
  /** SqueezeNet's: 1×1 down, then 1×1 and 3×3 beside each other. */
  | { readonly kind: 'fire'; readonly squeeze: Convolution; readonly expand: readonly [Convolution, Convolution] };

/** Layers up to the ReLU whose output is compared. */
export interface Slice {
  readonly layers: readonly Layer[];
  /** Of what is compared. */
  readonly channels: number;
  /** The linear head: a weight per channel. */
  readonly head: string;
}

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** torchvision's layers, told by its numbers: what a layer is called in LPIPS's state dict follows from its slice. */
type Plan = readonly (readonly (readonly [number, PlannedLayer])[])[];
type PlannedLayer =
  | { readonly conv: number; readonly kernel: number; readonly stride?: number; readonly pad?: number }
  | { readonly fire: readonly [squeeze: number, expand: number] }
  | { readonly pool: number; readonly ceil?: boolean };

const POOL = { pool: 3 };
const CEIL_POOL = { pool: 3, ceil: true };
const HALVE = { pool: 2 };
const vggConv = (conv: number) => ({ conv, kernel: 3, pad: 1 });

const PLANS: Readonly<Record<LpipsNetwork, Plan>> = {
  alex: [
    [[0, { conv: 64, kernel: 11, stride: 4, pad: 2 }]],
    [
      [2, POOL],
      [3, { conv: 192, kernel: 5, pad: 2 }],
    ],
    [
      [5, POOL],
      [6, { conv: 384, kernel: 3, pad: 1 }],
    ],
    [[8, { conv: 256, kernel: 3, pad: 1 }]],
    [[10, { conv: 256, kernel: 3, pad: 1 }]],
  ],
  vgg: [
    [
      [0, vggConv(64)],
      [2, vggConv(64)],
    ],
    [
      [4, HALVE],
      [5, vggConv(128)],
      [7, vggConv(128)],
    ],
    [
      [9, HALVE],
      [10, vggConv(256)],
      [12, vggConv(256)],
      [14, vggConv(256)],
    ],
    [
      [16, HALVE],
      [17, vggConv(512)],
      [19, vggConv(512)],
      [21, vggConv(512)],
    ],
    [
      [23, HALVE],
      [24, vggConv(512)],
      [26, vggConv(512)],
      [28, vggConv(512)],
    ],
  ],
  squeeze: [
    [[0, { conv: 64, kernel: 3, stride: 2 }]],
    [
      [2, CEIL_POOL],
      [3, { fire: [16, 64] }],
      [4, { fire: [16, 64] }],
    ],
    [
      [5, CEIL_POOL],
      [6, { fire: [32, 128] }],
      [7, { fire: [32, 128] }],
    ],
    [
      [8, CEIL_POOL],
      [9, { fire: [48, 192] }],
    ],
    [[10, { fire: [48, 192] }]],
    [[11, { fire: [64, 256] }]],
    [[12, { fire: [64, 256] }]],
  ],
};

/** What people call it. */
export const NETWORK_TITLES: Readonly<Record<LpipsNetwork, string>> = {
  alex: 'AlexNet',
  vgg: 'VGG16',
  squeeze: 'SqueezeNet 1.1',
};

/** The slices of a network, from the picture on. */
export function slicesOf(network: LpipsNetwork): readonly Slice[] {
  let channels = 3;
  return PLANS[network].map((plan, slice) => {
    const layers = plan.map(([index, planned]): Layer => {
      const name = `net.slice${slice + 1}.${index}`;
      if ('pool' in planned) return { kind: 'pool', kernel: planned.pool, ceil: planned.ceil ?? false };
      const inputs = channels;
      if ('conv' in planned) {
        const { conv: outputs, kernel, stride = 1, pad = 0 } = planned;
        channels = outputs;
        return { kind: 'convolution', convolution: { name, inputs, outputs, kernel, stride, pad } };
      }
      const [middle, outputs] = planned.fire;
      channels = 2 * outputs;
      const one = { kernel: 1, stride: 1, pad: 0 };
      return {
        kind: 'fire',
        squeeze: { name: `${name}.squeeze`, inputs, outputs: middle, ...one },
        expand: [
          { name: `${name}.expand1x1`, inputs: middle, outputs, ...one },
          { name: `${name}.expand3x3`, inputs: middle, outputs, kernel: 3, stride: 1, pad: 1 },
        ],
      };
    });
    return { layers, channels, head: `lin${slice}.model.1.weight` };
  });
}

/** Every tensor that LPIPS needs, with the names of `lpips.LPIPS(net=…)`. */
export function parametersOf(network: LpipsNetwork): readonly Parameter[] {
  return slicesOf(network).flatMap(({ layers, channels, head }) => [
    ...layers.flatMap(convolutionsOf).flatMap(convolutionParameters),
    { name: head, shape: [1, channels, 1, 1] },
  ]);
}

function convolutionsOf(layer: Layer): readonly Convolution[] {
  if (layer.kind === 'pool') return [];
  return layer.kind === 'convolution' ? [layer.convolution] : [layer.squeeze, ...layer.expand];
}

function convolutionParameters({ name, inputs, outputs, kernel }: Convolution): readonly Parameter[] {
  return [
    { name: `${name}.weight`, shape: [outputs, inputs, kernel, kernel] },
    { name: `${name}.bias`, shape: [outputs] },
  ];
}
