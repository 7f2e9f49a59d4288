/** Fields of a quantization_config that say which of its method's kinds it is, by what diffusers and transformers write. */
const KIND_FIELDS = ['bnb_4bit_quant_type', 'quant_type', 'weights_dtype', 'weights', 'quant_algo', 'fmt', 'bits'];

/** "bitsandbytes nf4" of a config's quantization_config; null for weights that are not quantised. */
export function describeQuantisation({ quantization_config: found }: Readonly<Record<string, unknown>>): string | null {
  if (typeof found !== 'object' || found === null) return null;
  const config = found as Readonly<Record<string, unknown>>;
  const method = typeof config.quant_method === 'string' ? config.quant_method : 'of an unnamed method';
  if (config.load_in_8bit === true) return `${method} int8`;
  const kind = KIND_FIELDS.map((field) => config[field]).find((value) => ['string', 'number'].includes(typeof value));
  return kind === undefined ? method : `${method} ${kind}`;
}
