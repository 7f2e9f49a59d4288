import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react';
import type { ImageRef } from '../../electron/contract.ts';
import { useWorkbench } from '../state/app-context.tsx';
import styles from './thumbnail.module.css';
import { thumbnailUrl } from './thumbnail-urls.ts';

interface ThumbnailProps {
  readonly image: ImageRef | null;
  /** Changes when the picture does. */
  readonly version?: number | undefined;
  readonly alt: string;
  /** Stands there while there is no picture. */
  readonly fallback?: ReactNode;
}

/** A small version of a run's picture, asked for when it stays in sight. */
export function Thumbnail({ image, version, alt, fallback = null }: ThumbnailProps) {
  const frame = useRef<HTMLSpanElement>(null);
  const inSight = useInSight(frame);
  const url = useThumbnail(inSight ? image : null, version);
  return (
    <span ref={frame} className={styles.frame}>
      {url === null ? fallback : <img src={url} alt={alt} draggable={false} />}
    </span>
  );
}

function useThumbnail(image: ImageRef | null, version = 0): string | null {
  const workbench = useWorkbench();
  const [run, file] = [image?.run ?? null, image?.file ?? null];
  const key = `${run}/${file} ${version}`;
  const [found, setFound] = useState<{ readonly key: string; readonly url: string | null } | null>(null);
  useEffect(() => {
    if (run === null || file === null) return;
    let wanted = true;
    void thumbnailUrl(workbench, key, { run, file }).then((url) => wanted && setFound({ key, url }));
    return () => {
      wanted = false;
    };
  }, [workbench, key, run, file]);
  return found?.key === key ? found.url : null;
}

/** What passes faster, by scrolling or because many runs come in at once, is not asked for. */
const STAYS_MS = 100;

/** Whether it has stayed in sight once. */
function useInSight(element: RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || element.current === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const observer = new IntersectionObserver((entries) => {
      clearTimeout(timer);
      if (entries.at(-1)?.isIntersecting) timer = setTimeout(setSeen, STAYS_MS, true);
    });
    observer.observe(element.current);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, [element, seen]);
  return seen;
}
