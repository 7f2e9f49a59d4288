import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** What ships beside the demo checkpoint. */
export const DEMO_PROMPTS_FILE = fileURLToPath(new URL('../../demo/prompts.json', import.meta.url));

const prompt = z.string().min(1);
const schema = z.object({
  /** What a newcomer sees first; not among the calibration prompts. */
  default: prompt,
  calibration: z.array(prompt).min(1),
  /** For judging: never calibrated on. */
  evaluation: z.array(prompt).min(1),
});

export type DemoPrompts = z.infer<typeof schema>;

/** Throws an Error that names the file where it is damaged. */
export async function readDemoPrompts(file = DEMO_PROMPTS_FILE): Promise<DemoPrompts> {
  const text = await readFile(file, 'utf8');
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${file} is damaged; restore it from the repository`, { cause });
  }
}
