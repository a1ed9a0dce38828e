import type { Explain } from './index.js';

export declare const explain: Explain;
