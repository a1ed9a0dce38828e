//! What the server functions do: read the request's cookies, make one call into the service.

use std::{collections::HashSet, time::Duration};

use grantway_core::{Code, Digest, SessionId, device::is_inside_an_app, view::View};
use grantway_service::{ArriveRequest, Service, ServiceError, WayOutOf};
use http::{header::USER_AGENT, request::Parts};
use leptos::prelude::use_context;

use crate::{
    calls::Problem,
    server::{
        problem::{for_page, status_of},
        render::set_status,
        state::AppState,
    },
};

/// How long a browser waits for an exchange before it is shown the progress.
const PATIENCE: Duration = Duration::from_millis(800);

pub(crate) async fn validate_session(id: String) -> Result<View, Problem> {
    let (state, parts) = context()?;
    let id: SessionId = id.parse().map_err(|_| refuse(Code::WrongBrowser.into()))?;
    let cookie = state.cookies().read(&parts.headers, &Service::session_cookie(&id));
    match state.service.view(&id, cookie.as_ref()).await {
        Ok(view) => Ok(View { is_inside_an_app: is_inside_an_app(user_agent(&parts)), ..view }),
        Err(error) => {
            let known = !matches!(error, ServiceError::WrongBrowser);
            let way_out =
                if known { state.service.way_out(WayOutOf::Session(&id)).await.map(Box::new) } else { None };
            Err(refuse(Problem { way_out, ..for_page(&error) }))
        }
    }
}

pub(crate) async fn exchange(registration: String, query: String) -> Result<SessionId, Problem> {
    let (state, parts) = context()?;
    let pairs = callback_pairs(&query).ok_or_else(|| refuse(Code::CallbackRefused.into()))?;
    let registration = registration.parse().map_err(|_| refuse(Code::NotFound.into()))?;
    let told = pairs.iter().find(|(name, _)| name == "state");
    let cookie = told.map(|(_, value)| Service::flow_cookie(&Digest::of(value)));
    let cookie = cookie.and_then(|name| state.cookies().read(&parts.headers, &name));
    let arrived = state.service.arrive(ArriveRequest { registration, pairs, cookie }).await;
    let arrived = arrived.map_err(|error| refuse(for_page(&error)))?;
    // Waiting no longer does not stop the work: it runs in its own task.
    let _ = tokio::time::timeout(PATIENCE, arrived.work).await;
    Ok(arrived.session_id)
}

fn user_agent(parts: &Parts) -> &str {
    parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn context() -> Result<(AppState, Parts), Problem> {
    let (state, parts) = (use_context::<AppState>(), use_context::<Parts>());
    state.zip(parts).ok_or_else(|| Code::Internal.into())
}

fn refuse(problem: Problem) -> Problem {
    set_status(status_of(problem.code));
    problem
}

/// The answer's parameters. Repeated ones are refused (RFC 6749, section 3.1), which ones count is the
/// catalog's word.
fn callback_pairs(query: &str) -> Option<Vec<(String, String)>> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query.trim_start_matches('?')).ok()?;
    let names: HashSet<&String> = pairs.iter().map(|(name, _)| name).collect();
    (names.len() == pairs.len()).then_some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_is_refused() {
        assert!(callback_pairs("?state=a&state=b&code=c").is_none());
        assert_eq!(callback_pairs("?state=a&iss=https%3A%2F%2Fid.test").unwrap()[1].1, "https://id.test");
    }
}
