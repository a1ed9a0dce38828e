//! Serves until told to stop, then drains: no new connections, waiting polls end, requests and
//! exchanges under way finish.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use grantway_service::Service;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::server::start::StartError;

/// A client must send its headers within this time; without it a slow one would hold a connection for ever.
const HEADER_SECONDS: u64 = 10;
/// How long a drain may take.
const DRAIN_SECONDS: u64 = 30;
/// How often sessions past their reading time are forgotten.
const FORGET_SECONDS: u64 = 60;

/// Listens.
///
/// # Errors
/// When the address can't be had.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

/// Serves until SIGTERM or Ctrl-C, then drains.
pub async fn serve(listener: TcpListener, router: Router, service: Arc<Service>) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stopped());
    let housekeeping = tokio::spawn(keep_house(Arc::clone(&service)));
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(Duration::from_secs(HEADER_SECONDS))
                        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
                    tokio::spawn(graceful.watch(connection));
                }
                // Out of file descriptors, most likely: a moment later there may be some again.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    housekeeping.abort();
    tracing::info!("draining");
    service.stop_waiting();
    let drained = async {
        graceful.shutdown().await;
        service.drain().await;
    };
    match tokio::time::timeout(Duration::from_secs(DRAIN_SECONDS), drained).await {
        Ok(()) => tracing::info!("drained"),
        Err(_) => tracing::warn!("stopped before everything was drained"),
    }
}

async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}

async fn keep_house(service: Arc<Service>) {
    let mut tick = tokio::time::interval(Duration::from_secs(FORGET_SECONDS));
    loop {
        tick.tick().await;
        if let Err(error) = service.forget_sessions().await {
            tracing::warn!(%error, "old sessions could not be forgotten");
        }
    }
}
