import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [vue()],
  // The widget is a linked folder here; from npm it finds this app's Vue by itself.
  resolve: { dedupe: ['vue'] },
});
