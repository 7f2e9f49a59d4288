import { EmbeddingFolder } from '../../../mmdit/text/embedding-folder.ts';
import { entryBytes, keyOf, LENGTHS, exampleOf } from './example-embeddings.ts';

// One of several processes that keep embeddings in one folder, which has room for a few of them alone.
const [folderName, rounds] = process.argv.slice(2) as [string, string];
const folder = new EmbeddingFolder(folderName, 4 * entryBytes);
for (let round = 0; round < Number(rounds); round++) {
  const seed = round % 8;
  await folder.write(keyOf(seed), exampleOf(seed));
  const read = await folder.read(keyOf((seed + 3) % 8), LENGTHS);
  if (read !== null && read.context[0] !== exampleOf((seed + 3) % 8).context[0]) throw new Error('another embedding');
}
