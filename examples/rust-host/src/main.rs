//! Serves Acme Notes. All it needs comes from the environment:
//!
//! | variable | meaning |
//! |---|---|
//! | `GRANTWAY_API_KEY` | `gw_sk_…`, required |
//! | `GRANTWAY_URL` | Grantway's public URL, `http://connect.localhost:4000` if missing |
//! | `HOST_URL` | this app's URL, `http://app.localhost:4001` if missing |
//! | `HOST_ADDR` | where to listen, `127.0.0.1:4001` if missing |
//! | `HOST_SITE_ROOT` | the built files, `target/site-host` if missing |

use std::{env, error::Error};

use rust_host::{HostConfig, router};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let or = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let config = HostConfig {
        grantway_url: or("GRANTWAY_URL", "http://connect.localhost:4000"),
        api_key: env::var("GRANTWAY_API_KEY").map_err(|_| "GRANTWAY_API_KEY is not set")?,
        public_url: or("HOST_URL", "http://app.localhost:4001"),
        site_root: or("HOST_SITE_ROOT", "target/site-host").into(),
    };
    let listener = TcpListener::bind(or("HOST_ADDR", "127.0.0.1:4001")).await?;
    axum::serve(listener, router(config)).await?;
    Ok(())
}
