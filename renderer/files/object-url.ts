import { useEffect, useState } from 'react';

const RELEASE_MS = 5000;

/** An address for bytes of the host, for `<img>`; null while there are none. Released with the component. */
export function useObjectUrl(data: Uint8Array<ArrayBuffer> | null, mediaType: string): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (data === null) return setUrl(null);
    const created = URL.createObjectURL(new Blob([data], { type: mediaType }));
    setUrl(created);
    // Later, because the picture that shows it may be loading it just now.
    return () => void setTimeout(() => URL.revokeObjectURL(created), RELEASE_MS);
  }, [data, mediaType]);
  return url;
}
