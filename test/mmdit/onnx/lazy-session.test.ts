import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../mmdit/onnx/graph-builder.ts';
import { LazySession } from '../../../mmdit/onnx/lazy-session.ts';

async function doubling(weightBytes: number): Promise<LazySession> {
  const builder = new GraphBuilder('double');
  builder.output('y', builder.op('Mul', [builder.input('x', 'F32', [2]), builder.floats([2])]), [2]);
  return new LazySession({ ...(await builder.build()), weightBytes });
}
const feed = { x: { data: new Float32Array([1, 2]), shape: [2] } };

test.each([0, 2 ** 40])('runs take turns and work again after close (%i bytes of weights)', async (weightBytes) => {
  const session = await doubling(weightBytes);
  const results = await Promise.all([session.run(feed, ['y']), session.run(feed, ['y']), session.close()]);
  expect([...results[0].y]).toEqual([2, 4]);
  expect([...results[1].y]).toEqual([2, 4]);
  expect([...(await session.run(feed, ['y'])).y]).toEqual([2, 4]);
  await session.close();
  await session.close();
});

test('an aborted run rejects with the reason, and the next one works', async () => {
  const session = await doubling(0);
  const reason = new Error('changed my mind');
  await expect(session.run(feed, ['y'], AbortSignal.abort(reason))).rejects.toBe(reason);
  const controller = new AbortController();
  const running = session.run(feed, ['y'], controller.signal);
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
  expect([...(await session.run(feed, ['y'])).y]).toEqual([2, 4]);
  await session.close();
});
