const UNIT_BYTES = 4;
/** The Rust library looks longer grapheme clusters up character by character. */
const MAX_CLUSTER_BYTES = 5;

const clusters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const encoder = new TextEncoder();

/**
 * A normaliser as sentencepiece precompiles it (nmt_nfkc …): replacements for UTF-8 byte sequences, found in a double-array
 * trie (darts-clone). Layout: u32 size of the trie in bytes, its u32 units, then the replacements, each ended by a zero byte.
 */
export class PrecompiledCharsmap {
  readonly #units: Uint32Array;
  readonly #replacements: Buffer;

  /** Throws Error where the bytes are no character map. */
  constructor(base64: string) {
    const bytes = Buffer.from(base64, 'base64');
    const size = bytes.length >= UNIT_BYTES ? bytes.readUInt32LE() : Number.NaN;
    if (!(size >= UNIT_BYTES && size % UNIT_BYTES === 0 && size <= bytes.length - UNIT_BYTES))
      throw new Error(`precompiled_charsmap of ${bytes.length} bytes holds no trie`);
    this.#units = Uint32Array.from({ length: size / UNIT_BYTES }, (_, unit) =>
      bytes.readUInt32LE(UNIT_BYTES * (unit + 1)),
    );
    this.#replacements = bytes.subarray(UNIT_BYTES + size);
  }

  /** As `Precompiled` of Hugging Face's tokenizers does it: short grapheme clusters as a whole, else every character. */
  normalize(text: string): string {
    let normalized = '';
    for (const { segment } of clusters.segment(text)) {
      const whole = encoder.encode(segment);
      const replaced = whole.length <= MAX_CLUSTER_BYTES ? this.#replacement(whole) : null;
      if (replaced !== null) normalized += replaced;
      else for (const character of segment) normalized += this.#replacement(encoder.encode(character)) ?? character;
    }
    return normalized;
  }

  /** Of the shortest prefix of `key` that the trie holds, as the Rust library takes it; null where it holds none. */
  #replacement(key: Uint8Array): string | null {
    let at = offsetOf(this.#units[0] ?? 0);
    for (const byte of key) {
      if (byte === 0) return null;
      at ^= byte;
      const unit = this.#units[at];
      if (unit === undefined || labelOf(unit) !== byte) return null;
      at ^= offsetOf(unit);
      if (hasLeaf(unit)) return this.#replacementAt((this.#units[at] ?? 0) & 0x7fff_ffff);
    }
    return null;
  }

  #replacementAt(start: number): string {
    const end = this.#replacements.indexOf(0, start);
    return this.#replacements.toString('utf8', start, end < 0 ? this.#replacements.length : end);
  }
}

// The fields of a darts-clone unit.

function hasLeaf(unit: number): boolean {
  return (unit & 0x100) !== 0;
}

/** The top bit is set in units that are values: they match no byte. */
function labelOf(unit: number): number {
  return (unit & 0x8000_00ff) >>> 0;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
