import type { ImageRef, Workbench } from '../../electron/contract.ts';

/** Larger than any place that shows one, for screens of two pixels a point. */
const SIZE = 160;
/** Of some 5 kB each. */
const KEPT = 500;

/** Addresses of small pictures, asked of the host once; those not shown for longest are forgotten. */
class ThumbnailUrls {
  readonly #workbench: Workbench;
  readonly #urls = new Map<string, Promise<string | null>>();

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  get(key: string, image: ImageRef): Promise<string | null> {
    const known = this.#urls.get(key) ?? this.#make(key, image);
    this.#urls.delete(key);
    this.#urls.set(key, known);
    for (const [oldest, url] of this.#urls) {
      if (this.#urls.size <= KEPT) break;
      this.#urls.delete(oldest);
      void url.then((made) => made !== null && URL.revokeObjectURL(made));
    }
    return known;
  }

  async #make(key: string, image: ImageRef): Promise<string | null> {
    try {
      const { data, mediaType } = await this.#workbench.request('images.get', { ...image, maxSize: SIZE });
      return URL.createObjectURL(new Blob([data], { type: mediaType }));
    } catch {
      // It may be there again later.
      this.#urls.delete(key);
      return null;
    }
  }
}

const known = new WeakMap<Workbench, ThumbnailUrls>();

/** `key` differs for every picture and version of it. null where it cannot be had. */
export function thumbnailUrl(workbench: Workbench, key: string, image: ImageRef): Promise<string | null> {
  const urls = known.get(workbench) ?? new ThumbnailUrls(workbench);
  known.set(workbench, urls);
  return urls.get(key, image);
}
