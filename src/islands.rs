//! What is touched: the only code that becomes WebAssembly. Islands have no props; what they need to
//! know stands in the page's data attributes, which keeps a deserializer out of the download.

pub mod herald;
pub mod launcher;
pub mod search;
