import type { Frame } from '../../../../electron/contract/wire-codec.ts';
import type { Random } from './random.ts';

/** A frame that is no request: the server ends the connection, and nothing else. */
export function hostileFrame(random: Random): Frame {
  const makers: (() => Frame)[] = [
    () => random.pick(['', '{', 'null', '[]', '0', '"x"', '{}', '{"id":-1}', '{"id":1.5}', '{"id":"1"}', 'undefined']),
    () => '['.repeat(1 + random.below(50_000)),
    () => `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`,
    () => '{"__proto__":{"id":1},"id":1,"request":"device","params":{}}',
    () => '{"id":1,"request":"device","params":{"__proto__":{"run":"x"}}}',
    () => random.bytes(random.below(300)),
    () =>
      binary(random.pick(['{}', '{"message":1}', 'x', '{"message":{"id":1},"arrays":[{"type":"f32","length":1}]}'])),
    () => binary('{"message":{"$array":0},"arrays":[{"type":"u8","length":9007199254740991}]}'),
    () => binary(`{"message":{},"arrays":[${'{"type":"u8","length":0},'.repeat(5000)}{"type":"u8","length":0}]}`),
    () => Buffer.concat([Buffer.from([255, 255, 255, 255]), random.bytes(64)]),
  ];
  return random.pick(makers)();
}

function binary(header: string): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(header.padEnd(Math.ceil((header.length + 4) / 8) * 8 - 4, ' '));
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(bytes.length);
  return Buffer.concat([prefix, bytes]);
}
