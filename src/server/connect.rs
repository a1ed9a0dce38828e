//! The posts of the Connect pages: open, depart, leave. Each answers with a page or a redirect to one.

use axum::{
    Form,
    body::Body,
    extract::{FromRequest, Path, Query, Request, State},
    http::{
        HeaderMap, Response, StatusCode,
        header::{LOCATION, ORIGIN, SET_COOKIE},
    },
    response::IntoResponse,
};
use grantway_core::{
    Code, ProviderId, RegistrationId, Secret, SessionId, device::Mode, session::SessionError,
};
use grantway_service::{OpenRequest, Opened, Service, ServiceError, WayOutOf};
use leptos::prelude::*;
use serde::Deserialize;

use crate::{
    calls::Problem,
    pages::{forward::ForwardPage, link::LinkPage},
    server::{cookies, problem::for_page, render, state::AppState},
};

/// The fields of the opening form (design: a Connect button is a form).
#[derive(Deserialize)]
pub struct OpenForm {
    session: Secret,
    #[serde(default)]
    mode: Mode,
    poll: Option<Secret>,
    return_to: Option<String>,
}

#[derive(Deserialize)]
/// The token of a link.
pub struct SessionQuery {
    session: Secret,
}

#[derive(Deserialize)]
/// The provider that was pressed.
pub struct DepartForm {
    provider: ProviderId,
}

/// `POST /connect`, from the app's page.
pub async fn open(State(state): State<AppState>, request: Request) -> Response<Body> {
    let (bare, form) = match read_form::<OpenForm>(request).await {
        Ok(read) => read,
        Err(bare) => return render::problem(Code::InvalidRequest.into(), bare).await,
    };
    let origin = bare.headers().get(ORIGIN).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let request = OpenRequest {
        token: form.session.clone(),
        origin,
        mode: form.mode,
        poll: form.poll,
        return_to: form.return_to,
    };
    match state.service.open(request).await {
        Ok(opened) => to_session(opened),
        Err(error) => refused(&state, &error, Some(&form.session), bare).await,
    }
}

/// `GET /connect?session=…`: shows who asks. Changes nothing.
pub async fn link(
    State(state): State<AppState>,
    query: Result<Query<SessionQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Response<Body> {
    let Ok(Query(SessionQuery { session })) = query else {
        return render::problem(Code::NotFound.into(), request).await;
    };
    match state.service.link_view(&session).await {
        Ok(view) => {
            let token = session.expose().to_owned();
            let page = move || view! { <LinkPage view=view.clone() token=token.clone() /> };
            render::page(StatusCode::OK, request, page).await
        }
        Err(error) => refused(&state, &error, Some(&session), request).await,
    }
}

/// `POST /connect/link`: the button of that page.
pub async fn open_link(State(state): State<AppState>, request: Request) -> Response<Body> {
    let (bare, form) = match read_form::<SessionQuery>(request).await {
        Ok(read) => read,
        Err(bare) => return render::problem(Code::InvalidRequest.into(), bare).await,
    };
    match state.service.open_link(&form.session).await {
        Ok(opened) => to_session(opened),
        Err(error) => refused(&state, &error, Some(&form.session), bare).await,
    }
}

/// `POST /connect/{session_id}/depart`: leaves for a provider.
pub async fn depart(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Response<Body> {
    let Some((id, cookie)) = own_session(&id, request.headers()) else {
        return render::problem(Code::WrongBrowser.into(), request).await;
    };
    let (bare, form) = match read_form::<DepartForm>(request).await {
        Ok(read) => read,
        Err(bare) => return render::problem(Code::InvalidRequest.into(), bare).await,
    };
    match state.service.depart(&id, cookie.as_ref(), &form.provider).await {
        Ok(departure) => {
            let (name, url) = (departure.provider_name, departure.url.to_string());
            let page = move || view! { <ForwardPage name=name.clone() url=url.clone() /> };
            let mut response = render::page(StatusCode::OK, bare, page).await;
            append_cookie(&mut response, departure.cookie_name, &departure.cookie, departure.cookie_seconds);
            response
        }
        Err(ServiceError::Session(SessionError::NotOffered)) => {
            render::problem(Code::NotFound.into(), bare).await
        }
        // The session's page says what is wrong, or how far it has come.
        Err(ServiceError::Engine(_) | ServiceError::Session(_)) => see_other(&id),
        Err(error) => refused(&state, &error, None, bare).await,
    }
}

/// `POST /connect/{session_id}/leave`: Cancel, Done, or back to the app.
pub async fn leave(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Response<Body> {
    let Some((id, cookie)) = own_session(&id, request.headers()) else {
        return render::problem(Code::WrongBrowser.into(), request).await;
    };
    match state.service.leave(&id, cookie.as_ref()).await {
        Ok(()) | Err(ServiceError::Session(_)) => see_other(&id),
        Err(error) => refused(&state, &error, None, request).await,
    }
}

/// `GET` of a post's address, by Enter in the address bar or a restored tab: the session's own page.
pub async fn back_to_session(Path(id): Path<String>, request: Request) -> Response<Body> {
    match id.parse() {
        Ok(id) => see_other(&id),
        Err(_) => render::problem(Code::NotFound.into(), request).await,
    }
}

/// `POST /connect/callback/{registration}`: a provider that answers by form post. Lax cookies are
/// withheld from it, so it does nothing but turn itself into the GET, which carries them.
pub async fn form_post(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Response<Body> {
    let registration = id.parse::<RegistrationId>();
    let relayed = match &registration {
        Ok(registration) => state.service.takes_form_post(registration).await,
        Err(_) => false,
    };
    let (bare, pairs) = match read_form::<Vec<(String, String)>>(request).await {
        Ok(read) => read,
        Err(bare) => return render::problem(Code::InvalidRequest.into(), bare).await,
    };
    let Ok(query) = serde_urlencoded::to_string(pairs) else {
        return render::problem(Code::InvalidRequest.into(), bare).await;
    };
    if !relayed {
        return render::problem(Code::CallbackRefused.into(), bare).await;
    }
    (StatusCode::SEE_OTHER, [(LOCATION, format!("/connect/callback/{id}?{query}"))]).into_response()
}

/// The session of an address and this browser's cookie for it, if the address is one.
fn own_session(id: &str, headers: &HeaderMap) -> Option<(SessionId, Option<Secret>)> {
    let id: SessionId = id.parse().ok()?;
    let cookie = cookies::read(headers, &Service::session_cookie(&id));
    Some((id, cookie))
}

/// Reads the form and keeps the request's head, for the page that answers it.
async fn read_form<T: serde::de::DeserializeOwned>(request: Request) -> Result<(Request, T), Request> {
    let (parts, body) = request.into_parts();
    let bare = Request::from_parts(parts.clone(), Body::empty());
    match Form::<T>::from_request(Request::from_parts(parts, body), &()).await {
        Ok(Form(form)) => Ok((bare, form)),
        Err(_) => Err(bare),
    }
}

fn to_session(opened: Opened) -> Response<Body> {
    let mut response = see_other(&opened.session_id);
    if let Some(cookie) = opened.cookie {
        append_cookie(
            &mut response,
            Service::session_cookie(&opened.session_id),
            &cookie,
            opened.cookie_seconds,
        );
    }
    response
}

fn see_other(id: &SessionId) -> Response<Body> {
    (StatusCode::SEE_OTHER, [(LOCATION, format!("/connect/{id}"))]).into_response()
}

fn append_cookie(response: &mut Response<Body>, name: String, value: &Secret, seconds: i64) {
    if let Some(cookie) = cookies::set(name, value, seconds) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

async fn refused(
    state: &AppState,
    error: &ServiceError,
    token: Option<&Secret>,
    request: Request,
) -> Response<Body> {
    let way_out = match token {
        Some(token) => state.service.way_out(WayOutOf::Token(token)).await.map(Box::new),
        None => None,
    };
    render::problem(Problem { way_out, ..for_page(error) }, request).await
}
