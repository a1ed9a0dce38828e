//! The client for backends in Rust, over real sockets.

mod document;
mod life;
mod lost;
mod reasons;

use std::net::SocketAddr;

use grantway_client::{Client, Mint, Minted};
use serde_json::{Value, json};

use crate::{
    proxy::upstream::{bind, spawn},
    world::World,
};

const API: &str = "api_urls = ['{site}/api/']";

fn client(world: &World, address: SocketAddr) -> Client {
    Client::new(&format!("http://{address}"), &world.key).unwrap()
}

/// The world's server on a socket, and its client.
async fn served(world: &World) -> Client {
    let listener = bind().await;
    let address = listener.local_addr().unwrap();
    spawn(listener, world.router.clone());
    client(world, address)
}

/// Of one provider.
fn mint_for(user: &str) -> Mint {
    Mint { allowed_providers: Some(vec!["files".to_owned()]), ..Mint::for_user(user) }
}

/// As the app's page gets it.
fn shown(minted: &Minted) -> Value {
    json!({"session_id": minted.session_id, "session_token": minted.session_token.expose()})
}
