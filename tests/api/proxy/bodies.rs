//! Bodies stream, in both directions at once.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use grantway::server::{adapters::ReqwestRelay, egress::Egress};
use grantway_engine::{BrokenOff, HttpError, Relay, RelayError};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::sync::Semaphore;

use super::upstream::{Stage, Wish, loopback};

const PIECE: usize = 256 * 1024;
const PIECES: usize = 80;

#[tokio::test]
async fn twenty_megabytes_go_through_piece_by_piece() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;
    // A piece is sent only when all before it have come back: nothing can wait for the whole body.
    let back = Arc::new(Semaphore::new(1));
    let turns = Arc::clone(&back);
    let pieces = stream::unfold(0, move |number| {
        let turns = Arc::clone(&turns);
        async move {
            turns.acquire().await.unwrap().forget();
            (number < PIECES).then(|| (Ok(Frame::data(piece(number))), number + 1))
        }
    });
    let body = StreamBody::new(pieces).boxed_unsync();

    let mut answer = stage.start(Wish::new("PUT", "api/echo").stream(body)).await.into_body();

    let (mut came, mut number) = (Vec::new(), 0);
    while let Some(frame) = answer.frame().await {
        came.extend_from_slice(frame.unwrap().data_ref().unwrap());
        while came.len() >= PIECE {
            let rest = came.split_off(PIECE);
            assert_eq!(came, piece(number), "piece {number}");
            (came, number) = (rest, number + 1);
            back.add_permits(1);
        }
    }
    assert_eq!((number, came.len()), (PIECES, 0));
}

fn piece(number: usize) -> Bytes {
    Bytes::from(vec![u8::try_from(number).unwrap(); PIECE])
}

#[tokio::test]
async fn an_answer_is_neither_packed_nor_changed() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;
    let text = Box::leak("x".repeat(100_000).into_boxed_str());

    let answer =
        stage.call(Wish::new("POST", "api/echo").with("accept-encoding", "gzip, br").body(text)).await;

    assert_eq!((answer.header("content-encoding"), answer.text.len()), (None, 100_000));
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_refused_before_it_comes() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;
    let length = 1024_u64 * 1024 * 1024 + 1;

    let answer = stage.raw("POST", "api/echo", &format!("content-length: {length}\r\n")).await;

    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("\"code\":\"body_too_large\""), "{answer}");
    assert!(stage.audit("proxy.called").await.is_empty());
}

#[tokio::test]
async fn a_call_whose_own_body_breaks_off_is_not_the_providers_fault() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;
    let pieces = stream::iter([Ok(Frame::data(Bytes::from_static(b"x"))), Err(BrokenOff)]);
    let url = format!("http://{}/api/slow", stage.host());
    let call = http::Request::post(url).body(StreamBody::new(pieces).boxed_unsync()).unwrap();

    let failed = ReqwestRelay::new(loopback()).unwrap().relay(call).await;

    assert!(matches!(failed, Err(RelayError::Call(_))));
}

#[tokio::test]
async fn no_call_goes_to_an_address_that_is_not_public() {
    let stage = Stage::new("api_urls = ['{site}/api/']").await;
    let call = http::Request::get(format!("http://{}/api/slow", stage.host()));
    let call = call.body(StreamBody::new(stream::empty()).boxed_unsync()).unwrap();

    let failed = ReqwestRelay::new(Egress::default()).unwrap().relay(call).await;

    assert!(matches!(failed, Err(RelayError::Provider(HttpError::NotPublic))));
}
