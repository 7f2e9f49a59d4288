/** A layer's name as short as an axis needs: "D3" for the double block 3 of FLUX, "S12" for a single one. */
export function layerLabel(name: string): string {
  const single = /^single_transformer_blocks\.(\d+)\.attn$/.exec(name);
  if (single) return `S${single[1]}`;
  const joint = /^transformer_blocks\.(\d+)\.attn(\d*)$/.exec(name);
  if (joint) return `D${joint[1]}${joint[2] ? `·${joint[2]}` : ''}`;
  return name.replace(/\.attn$/, '');
}
