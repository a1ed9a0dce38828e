//! What the server functions do: read the request's cookies, make one call into the service.

use std::{collections::HashMap, time::Duration};

use grantway_core::{Code, Digest, Secret, SessionId, flow::CallbackParams, view::View};
use grantway_service::{ArriveRequest, Service, ServiceError, WayOutOf};
use http::request::Parts;
use leptos::prelude::use_context;

use crate::{
    calls::Problem,
    server::{
        cookies,
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
    let cookie = cookies::read(&parts.headers, &Service::session_cookie(&id));
    match state.service.view(&id, cookie.as_ref()).await {
        Ok(view) => Ok(view),
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
    let params = callback_params(&query).ok_or_else(|| refuse(Code::CallbackRefused.into()))?;
    let registration = registration.parse().map_err(|_| refuse(Code::NotFound.into()))?;
    let cookie = params.state.as_ref().map(|state| Service::flow_cookie(&Digest::of(state.expose())));
    let cookie = cookie.and_then(|name| cookies::read(&parts.headers, &name));
    let arrived = state.service.arrive(ArriveRequest { registration, params, cookie }).await;
    let arrived = arrived.map_err(|error| refuse(for_page(&error)))?;
    // Waiting no longer does not stop the work: it runs in its own task.
    let _ = tokio::time::timeout(PATIENCE, arrived.work).await;
    Ok(arrived.session_id)
}

fn context() -> Result<(AppState, Parts), Problem> {
    let (state, parts) = (use_context::<AppState>(), use_context::<Parts>());
    state.zip(parts).ok_or_else(|| Code::Internal.into())
}

fn refuse(problem: Problem) -> Problem {
    set_status(status_of(problem.code));
    problem
}

/// Unknown parameters are ignored, repeated ones refused (RFC 6749, section 3.1).
fn callback_params(query: &str) -> Option<CallbackParams> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query.trim_start_matches('?')).ok()?;
    let mut known = HashMap::new();
    for (name, value) in pairs {
        if known.insert(name, value).is_some() {
            return None;
        }
    }
    Some(CallbackParams {
        state: known.remove("state").map(Secret::new),
        code: known.remove("code").map(Secret::new),
        iss: known.remove("iss"),
        error: known.remove("error"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_is_refused_and_an_unknown_one_ignored() {
        assert!(callback_params("?state=a&state=b&code=c").is_none());

        let params = callback_params("?state=a&code=c&session_state=x&iss=https%3A%2F%2Fid.test").unwrap();

        assert_eq!(params.code.unwrap().expose(), "c");
        assert_eq!(params.iss.as_deref(), Some("https://id.test"));
    }
}
