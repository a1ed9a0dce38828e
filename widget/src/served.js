/** Where the script itself came from, if it is Grantway's own `/connect.js`. */
export const served = globalThis.document?.currentScript?.src;
