import { useMemo } from 'react';
import { type MethodLook, methodLooks } from '../../electron/contract/method-looks.ts';

/** Looks by name. The same methods look the same everywhere: give all of a table's, not only those to be shown. */
export function useLooks(methods: readonly string[]): (name: string) => MethodLook {
  return useMemo(() => {
    const looks = methodLooks(methods);
    return (name) => looks[methods.indexOf(name)]!;
  }, [methods]);
}
