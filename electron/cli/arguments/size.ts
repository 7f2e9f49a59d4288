import { InvalidArgumentError } from 'commander';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** `512x512`, `640×384` or `512` for a square. Whether the model can make it is the model's to say. */
export function parseSize(text: string): PictureSize {
  const match = /^(\d{1,6})(?:\s*[x×X]\s*(\d{1,6}))?$/.exec(text.trim());
  const width = Number(match?.[1] ?? 0);
  const height = Number(match?.[2] ?? match?.[1] ?? 0);
  if (width === 0 || height === 0) {
    throw new InvalidArgumentError('It must be WIDTHxHEIGHT in pixels, such as 512x512 or 640x384.');
  }
  return { width, height };
}
