import { useEffect, useState } from 'react';
import type { ImagePayload, ImageRef } from '../../../electron/contract.ts';
import { useObjectUrl } from '../../files/object-url.ts';
import { useWorkbench } from '../../state/app-context.tsx';

const SIZE = 128;

/** A small version of a run's picture; nothing while it loads or where it is gone. */
export function Thumbnail({ image, alt }: { readonly image: ImageRef | null; readonly alt: string }) {
  const workbench = useWorkbench();
  const [payload, setPayload] = useState<ImagePayload | null>(null);
  const [run, file] = [image?.run ?? null, image?.file ?? null];
  useEffect(() => {
    if (run === null || file === null) return;
    let wanted = true;
    workbench.request('images.get', { run, file, maxSize: SIZE }).then(
      (found) => wanted && setPayload(found),
      () => wanted && setPayload(null),
    );
    return () => {
      wanted = false;
    };
  }, [workbench, run, file]);
  const url = useObjectUrl(payload?.data ?? null, payload?.mediaType ?? 'image/webp');
  return url === null ? null : <img src={url} alt={alt} draggable={false} />;
}
