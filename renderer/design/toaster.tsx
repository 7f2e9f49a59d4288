import { Toaster as Sonner } from 'sonner';

/** Where `notify*` shows. */
export function Toaster({ dark }: { readonly dark: boolean }) {
  return (
    <Sonner
      theme={dark ? 'dark' : 'light'}
      position="bottom-right"
      closeButton
      richColors
      visibleToasts={4}
      toastOptions={{ style: { font: 'var(--text-body) var(--font)' } }}
    />
  );
}
