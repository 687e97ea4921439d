import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const root = import.meta.dirname;

/** Three programs: the desk and its shells, the preload script, the page. The engine's bundle is built on its own. */
export default defineConfig({
  main: {
    build: {
      outDir: join(root, 'out', 'main'),
      rollupOptions: {
        input: {
          index: join(root, 'src', 'main', 'index.ts'),
          desk: join(root, 'src', 'main', 'desk.ts'),
          web: join(root, 'src', 'main', 'web.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: join(root, 'out', 'preload'),
      rollupOptions: {
        input: { index: join(root, 'src', 'preload', 'index.ts') },
        // A sandboxed preload script must be CommonJS.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: join(root, 'src', 'renderer'),
    plugins: [react()],
    build: {
      outDir: join(root, 'out', 'renderer'),
      target: 'chrome140',
      rollupOptions: { input: join(root, 'src', 'renderer', 'index.html') },
    },
  },
});
