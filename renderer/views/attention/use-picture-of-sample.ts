import { useEffect, useState } from 'react';
import type { ImagePayload, Sample } from '../../../electron/contract.ts';
import { useObjectUrl } from '../../files/object-url.ts';
import { useApp, useWorkbench } from '../../state/app-context.tsx';
import { isSameSample } from '../../state/negative-prompt.ts';

/** Address of the open run's picture of a sample; null while there is none. */
export function usePictureOfSample(sample: Sample | null): string | null {
  const workbench = useWorkbench();
  const [run, file] = useApp(({ openRun }) => {
    const picture = openRun?.pictures.find((made) => sample !== null && isSameSample(made, sample));
    return [openRun?.summary.id ?? null, picture?.original ?? picture?.compressed ?? null];
  });
  const [image, setImage] = useState<ImagePayload | null>(null);
  useEffect(() => {
    setImage(null);
    if (run === null || file === null) return;
    let wanted = true;
    // Without its picture the map is as good; a picture that is gone is not worth a message.
    workbench.request('images.get', { run, file, maxSize: 1024 }).then(
      (found) => wanted && setImage(found),
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [workbench, run, file]);
  return useObjectUrl(image?.data ?? null, image?.mediaType ?? 'image/png');
}
