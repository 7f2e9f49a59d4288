import { useEffect, useRef, useState } from 'react';
import type { ImageRef, Workbench } from '../../../electron/contract.ts';
import { useWorkbench } from '../../state/app-context.tsx';
import type { Pixels } from './difference-pixels.ts';
import { type Pane, paneKey } from './pane.ts';

/** A picture ready to be drawn and read. */
export interface LoadedPicture extends Pixels {
  readonly bitmap: ImageBitmap;
}

export type PictureState = LoadedPicture | { readonly error: unknown } | null;

/** A picture that leaves the stage may be drawn once more before React is done with it. */
const CLOSE_AFTER_MS = 1000;

/** The pictures of panes, by key: null while one loads. Each is loaded once, and freed when its pane goes. */
export function useLoadedPictures(panes: readonly Pane[]): ReadonlyMap<string, PictureState> {
  const workbench = useWorkbench();
  const loads = useRef(new Map<string, Promise<LoadedPicture>>());
  const [pictures, setPictures] = useState<ReadonlyMap<string, PictureState>>(new Map());
  useEffect(() => {
    const wanted = new Set(panes.map(paneKey));
    for (const key of [...loads.current.keys()].filter((known) => !wanted.has(known))) release(loads.current, key);
    setPictures((before) => new Map([...wanted].map((key) => [key, before.get(key) ?? null])));
    for (const pane of panes.filter((one) => !loads.current.has(paneKey(one)))) {
      const key = paneKey(pane);
      const load = loadPicture(workbench, pane.ref);
      loads.current.set(key, load);
      const show = (state: PictureState) => {
        if (loads.current.get(key) === load) setPictures((before) => new Map(before).set(key, state));
      };
      load.then(show, (error: unknown) => show({ error }));
    }
  }, [panes, workbench]);
  useEffect(() => {
    const known = loads.current;
    return () => {
      for (const key of [...known.keys()]) release(known, key);
    };
  }, []);
  return pictures;
}

function release(loads: Map<string, Promise<LoadedPicture>>, key: string): void {
  const load = loads.get(key);
  loads.delete(key);
  load?.then(
    ({ bitmap }) => setTimeout(() => bitmap.close(), CLOSE_AFTER_MS),
    () => {},
  );
}

async function loadPicture(workbench: Workbench, ref: ImageRef): Promise<LoadedPicture> {
  const { data, mediaType } = await workbench.request('images.get', { ...ref, maxSize: null });
  const blob = new Blob([data], { type: mediaType });
  // Values as they are in the file: no colour management between two pictures that are to be compared.
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  return { bitmap, width, height, data: context.getImageData(0, 0, width, height).data };
}

export function isLoaded(state: PictureState | undefined): state is LoadedPicture {
  return state !== null && state !== undefined && 'bitmap' in state;
}
