import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** One bundle for the window and for browsers; relative addresses, because `app://` and `http://` both serve it. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome140',
    // Inlined files would need `data:` in the content security policy.
    assetsInlineLimit: 0,
    // Plotly alone is larger than the default; the bundle comes from the same machine.
    chunkSizeWarningLimit: 3000,
  },
});
