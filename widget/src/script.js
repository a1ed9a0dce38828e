/**
 * `/connect.js`, for pages without a bundler: the global `Grantway` and `<grantway-connect>`. Its server is
 * the default `baseURL`, and `debug: true` explains.
 */
import './element.js';
import Grantway from './index.js';
import { explain } from './explain.js';
import { served } from './served.js';

export default {
  create: ({ baseURL = served, debug } = {}) =>
    Grantway.create({ baseURL, debug: debug === true ? explain : debug || undefined }),
};
