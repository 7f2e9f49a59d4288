import { useEffect, useState } from 'react';

/** An address for bytes of the host, for `<img>`; null while there are none. Released with the component. */
export function useObjectUrl(data: Uint8Array<ArrayBuffer> | null, mediaType: string): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (data === null) return setUrl(null);
    const created = URL.createObjectURL(new Blob([data], { type: mediaType }));
    setUrl(created);
    return () => URL.revokeObjectURL(created);
  }, [data, mediaType]);
  return url;
}
