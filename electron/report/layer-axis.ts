/** A run of neighbouring layers whose names differ by their number alone: `single_transformer_blocks.*`. */
export interface LayerGroup {
  readonly name: string;
  readonly first: number;
  readonly count: number;
}

export interface LayerAxis {
  /** The number that each layer has in its group. */
  readonly labels: readonly string[];
  readonly groups: readonly LayerGroup[];
}

/** Splits diffusers' layer names into what a narrow axis can show: numbers, and the names of their groups. */
export function layerAxis(layers: readonly string[]): LayerAxis {
  const labels: string[] = [];
  const groups: LayerGroup[] = [];
  layers.forEach((layer, index) => {
    const [, before = layer, number = String(index)] = /^(.*?)\.(\d+)(?:\..*)?$/.exec(layer) ?? [];
    labels.push(number);
    const last = groups.at(-1);
    if (last?.name === before) groups[groups.length - 1] = { ...last, count: last.count + 1 };
    else groups.push({ name: before, first: index, count: 1 });
  });
  return { labels, groups };
}
