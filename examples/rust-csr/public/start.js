import start from '/pkg/rust_csr.js';

await start({ module_or_path: '/pkg/rust_csr.wasm' });
