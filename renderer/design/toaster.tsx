import type { CSSProperties } from 'react';
import { Toaster as Sonner } from 'sonner';

const TONES = { success: 'success', error: 'danger', warning: 'warning' } as const;

/** The window's own colours: those of the library are too pale to be read by everyone. */
const COLOURS = Object.fromEntries(
  Object.entries(TONES).flatMap(([kind, tone]) => [
    [`--${kind}-bg`, `var(--${tone}-soft)`],
    [`--${kind}-border`, `var(--${tone})`],
    [`--${kind}-text`, `var(--${tone})`],
  ]),
) as CSSProperties;

/** Where `notify*` shows. */
export function Toaster({ dark }: { readonly dark: boolean }) {
  return (
    <Sonner
      theme={dark ? 'dark' : 'light'}
      position="bottom-right"
      closeButton
      richColors
      visibleToasts={4}
      style={COLOURS}
      toastOptions={{ style: { font: 'var(--text-body) var(--font)' } }}
    />
  );
}
