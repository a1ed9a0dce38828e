//! Serves until told to stop, then drains: no new connections, waiting polls end, requests, exchanges
//! and webhooks under way finish.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use http::Request;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};

use tower::ServiceExt;

use crate::server::{start::StartError, state::AppState};

/// A client must send its headers within this time; without it a slow one would hold a connection for ever.
const HEADER_SECONDS: u64 = 10;
/// How long a drain may take.
const DRAIN_SECONDS: u64 = 30;
/// How often sessions, answers and events past their time are forgotten.
const FORGET_SECONDS: u64 = 60;

/// Listens.
///
/// # Errors
/// When the address can't be had.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

/// Serves until `stop`, then drains.
pub async fn serve(listener: TcpListener, router: Router, state: AppState, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    let housekeeping = tokio::spawn(keep_house(state.clone()));
    let telling = tokio::spawn(Arc::clone(&state.service).keep_telling());
    let refreshing =
        state.refreshes_unused.then(|| tokio::spawn(Arc::clone(&state.service).keep_from_disuse()));
    let delivering = tokio::spawn(Arc::clone(&state.service).keep_delivering());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let router = router.clone().map_request(move |request| with_peer(request, peer));
                    let connection = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(Duration::from_secs(HEADER_SECONDS))
                        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
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
    // What it has not told yet waits in the database for the next start, or for another process.
    telling.abort();
    // One that is under way is a task of its own.
    refreshing.inspect(JoinHandle::abort);
    tracing::info!("draining");
    state.service.stop_waiting();
    let drained = async {
        graceful.shutdown().await;
        state.service.drain().await;
        let _ = delivering.await;
    };
    match tokio::time::timeout(Duration::from_secs(DRAIN_SECONDS), drained).await {
        Ok(()) => tracing::info!("drained"),
        Err(_) => tracing::warn!("stopped before everything was drained"),
    }
}

/// SIGTERM or Ctrl-C.
pub async fn stopped() {
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

fn with_peer<B>(mut request: Request<B>, peer: SocketAddr) -> Request<B> {
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

async fn keep_house(AppState { service, limits, .. }: AppState) {
    let mut tick = tokio::time::interval(Duration::from_secs(FORGET_SECONDS));
    loop {
        tick.tick().await;
        if let Err(error) = service.forget_sessions().await {
            tracing::warn!(%error, "old sessions could not be forgotten");
        }
        if let Err(error) = service.forget_events().await {
            tracing::warn!(%error, "old events could not be forgotten");
        }
        limits.forget();
        if let Err(error) = service.forget_answers().await {
            tracing::warn!(%error, "old answers could not be forgotten");
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        sync::oneshot,
    };

    use super::*;
    use crate::server::{config::Settings, start};

    #[tokio::test]
    async fn a_drain_lets_requests_finish_and_takes_no_new_ones() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.server.data_dir = folder.path().to_owned();
        let service = start::service(&settings).await.unwrap();
        let state = start::state(service, &settings).unwrap();
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (arrived, arrives) = oneshot::channel::<()>();
        let (go_on, goes_on) = oneshot::channel::<()>();
        let turns = Arc::new(std::sync::Mutex::new(Some((arrived, goes_on))));
        let slow = Router::new().route(
            "/",
            get(async move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
                let (arrived, goes_on) = turns.lock().unwrap().take().unwrap();
                arrived.send(()).unwrap();
                goes_on.await.unwrap();
                format!("done for {}", peer.ip())
            }),
        );
        let served = tokio::spawn(serve(listener, slow, state, async { stopped.await.unwrap() }));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        arrives.await.unwrap();

        stop.send(()).unwrap();
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!served.is_finished(), "it waits for the request");
        go_on.send(()).unwrap();

        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("done for 127.0.0.1"), "{answer}");
        served.await.unwrap();
    }
}
