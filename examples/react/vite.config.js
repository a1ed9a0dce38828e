import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // The widget is a linked folder here; from npm it finds this app's React by itself.
  resolve: { dedupe: ['react'] },
});
