import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PromptsFileError, readPromptsFile } from '../../../electron/engine/prompts-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-prompts-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(name: string, text: string | Buffer): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

describe('readPromptsFile', () => {
  it('reads lines, without blanks and comments', async () => {
    const file = await fileOf('a.txt', '# seen\r\na red cube\r\n\r\n  two spheres \n');
    expect(await readPromptsFile(file)).toEqual(['a red cube', 'two spheres']);
  });

  it('reads a JSON list', async () => {
    expect(await readPromptsFile(await fileOf('a.json', '["# not a comment", "b"]'))).toEqual(['# not a comment', 'b']);
  });

  it('takes the calibration prompts of an object, as demo/prompts.json has them', async () => {
    const file = await fileOf('b.json', '{"default": "a", "calibration": ["b", "c"], "evaluation": ["d"]}');
    expect(await readPromptsFile(file)).toEqual(['b', 'c']);
  });

  const PROMPTS = ['un château près d’une rivière', 'a "red" cube, with a ring'];
  const utf16 = (text: string, bigEndian = false): Buffer => {
    const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
    return bigEndian ? bytes.swap16() : bytes;
  };

  it.each<[string, string | Buffer]>([
    ['lines.txt', PROMPTS.join('\n')],
    ['old-mac.txt', PROMPTS.join('\r')],
    ['bom.txt', `\ufeff${PROMPTS.join('\r\n')}`],
    ['notepad.txt', utf16(PROMPTS.join('\r\n'))],
    ['big-endian.txt', utf16(PROMPTS.join('\n'), true)],
    ['list.json', `\ufeff${JSON.stringify(PROMPTS)}`],
    ['objects.JSON', JSON.stringify(PROMPTS.map((prompt, seed) => ({ prompt, seed })))],
    ['strings.jsonl', `${PROMPTS.map((prompt) => JSON.stringify(prompt)).join('\n')}\n\n`],
    ['objects.ndjson', PROMPTS.map((prompt) => JSON.stringify({ prompt, seed: 1 })).join('\r\n')],
    ['table.csv', `seed,Prompt\r\n1,${PROMPTS[0]}\r\n2,"a ""red"" cube, with a ring"\r\n`],
    ['excel.csv', utf16(`prompt;seed\n${PROMPTS[0]};1\n"a ""red"" cube, with a ring";2`)],
    ['bom.csv', `\ufeffprompt\n${PROMPTS[0]}\n"a ""red"" cube, with a ring"\n`],
    ['table.tsv', `prompt\tseed\n${PROMPTS[0]}\t1\n"a ""red"" cube, with a ring"\t2\n`],
  ])('reads %s', async (name, content) => {
    expect(await readPromptsFile(await fileOf(name, content))).toEqual(PROMPTS);
  });

  it('leaves prompts alone that only look like another form', async () => {
    const odd = ['[portrait] a cat', '{a} fox', 'prompt engineering as a painting', '"quoted"'];
    expect(await readPromptsFile(await fileOf('odd.txt', odd.join('\n')))).toEqual(odd);
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['empty.txt', '# nothing\n', /holds no prompt/],
    ['latin1.txt', Buffer.from('a cube\nun ch\u00e2teau', 'latin1'), /line 2, byte 6: 0xe2 is not UTF-8.*Latin-1/],
    ['no-mark.txt', Buffer.from('a cube', 'utf16le'), /zero byte in line 1.*UTF-16 without a byte order mark/],
    ['utf32.txt', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), /is UTF-32/],
    ['half.txt', Buffer.concat([utf16('a cube'), Buffer.from([0x61])]), /begins as UTF-16LE, and is damaged/],
    ['picture.png', Buffer.from('89504e470d0a1a0a0000', 'hex'), /line 1, byte 1: 0x89 is not UTF-8/],
    ['page.txt', '<!DOCTYPE html>\n<p>a cube', /is an HTML or XML page/],
    ['list.txt', '["a cube",\n"a ring"]', /holds JSON; name it \*\.json/],
    ['lines.txt', '{"prompt":"a"}\n{"prompt":"b"}\n', /name it \*\.jsonl/],
    ['table.txt', 'prompt,seed\na cube,1\n', /the header of a table; name it \*\.csv/],
    ['bad.json', '["a"', /is not JSON/],
    ['odd.json', '{"prompts": 1}', /field "calibration": expected a list, found nothing.*Give a list of strings/],
    ['numbers.json', '["a", 7]', /field "1": expected text or an object, found 7/],
    ['bad.jsonl', '"a"\n{oops}\n', /line 2 is not JSON/],
    ['odd.jsonl', '"a"\n\n{"text": "b"}\n', /line 3: field "prompt": expected text, found nothing/],
    ['other.csv', 'text,seed\na cube,1\n', /expected a column "prompt", found "text", "seed"/],
    ['unquoted.csv', 'prompt\na cube\na cube, a ring\n', /line 3.*is put in quotes/],
    ['open.csv', 'prompt\n"a cube\n', /[Qq]uote/],
  ])('refuses %s and says what it found', async (name, content, message) => {
    const file = await fileOf(name, content);
    await expect(readPromptsFile(file)).rejects.toThrow(message);
    await expect(readPromptsFile(file)).rejects.toThrow(file);
    await expect(readPromptsFile(file)).rejects.toThrow(PromptsFileError);
  });
});
