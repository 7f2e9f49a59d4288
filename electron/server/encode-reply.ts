import { encodeFrame, type Frame } from '../contract/wire-codec.ts';

/** The JSON of replies without arrays. Several windows get the same object, such as the list of runs: it is encoded once. */
const encoded = new WeakMap<object, string>();

/** A reply as it travels. `reply` is not changed after that. Throws WireError. */
export function encodeReply(id: number, reply: object): Frame {
  const known = encoded.get(reply);
  if (known !== undefined) return `{"id":${id},"reply":${known}}`;
  const frame = encodeFrame({ id, reply });
  if (typeof frame === 'string') encoded.set(reply, frame.slice(frame.indexOf(',') + ',"reply":'.length, -1));
  return frame;
}
