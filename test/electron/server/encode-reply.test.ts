import { expect, test } from 'vitest';
import { decodeFrame, GENEROUS_LIMITS } from '../../../electron/contract/wire-codec.ts';
import { encodeReply } from '../../../electron/server/encode-reply.ts';

test('a reply that several windows get is encoded once, under the id of each', () => {
  let read = 0;
  const reply = {
    get runs() {
      read += 1;
      return [{ name: 'with "reply":{} and , in it' }];
    },
  };
  const decoded = [7, 7_000_000, 0].map((id) => decodeFrame(encodeReply(id, reply) as string, GENEROUS_LIMITS));
  const runs = [{ name: 'with "reply":{} and , in it' }];
  expect(decoded).toEqual([7, 7_000_000, 0].map((id) => ({ id, reply: { runs } })));
  expect(read).toBe(1);
});

test('replies with arrays travel as they did', () => {
  const reply = { data: Uint8Array.of(1, 2, 3) };
  for (const id of [1, 2]) expect(decodeFrame(encodeReply(id, reply), GENEROUS_LIMITS)).toEqual({ id, reply });
});
