declare const Grantway: typeof import('./index.js', { with: { 'resolution-mode': 'import' } }).default;
export = Grantway;
