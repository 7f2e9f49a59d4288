const LFS_POINTER = 'version https://git-lfs.github.com/spec/';
/** Opcode that begins every pickle of protocol 2 and later; the protocol follows. */
const PICKLE = 0x80;
const PICKLE_PROTOCOLS = [2, 3, 4, 5];

/**
 * What a file begins like, in words that follow its name, where that is no weights and no JSON of a checkpoint: what
 * downloads, clones and renames leave behind. Null where it is nothing known.
 */
export function describeMistake(start: Buffer): string | null {
  const text = start.toString('latin1');
  if (start.length === 0) return 'is empty; download it again';
  if (text.startsWith(LFS_POINTER)) {
    const size = /^size (\d+)$/m.exec(text)?.[1];
    const real = size ? ` of a file of ${size} bytes` : '';
    return `is a Git LFS pointer${real}, not the file itself; run "git lfs pull" in the repository, or download the file`;
  }
  if (/^(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml|!--)/i.test(text))
    return 'is a web page (HTML) saved under this name, not the file itself; download it from its "download" or "raw" link, signed in where the repository asks for that';
  if (text.startsWith('GGUF')) return 'is a GGUF file; give the original checkpoint in the diffusers layout';
  if (text.startsWith('PK\x03\x04') || (start[0] === PICKLE && PICKLE_PROTOCOLS.includes(start[1] ?? 0)))
    return 'is a PyTorch pickle, not safetensors; download the safetensors variant or convert it';
  if (text.startsWith('\xff\xfe') || text.startsWith('\xfe\xff')) return 'is UTF-16 text; save it as UTF-8';
  return null;
}
