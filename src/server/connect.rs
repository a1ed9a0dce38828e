//! The posts of the Connect pages: open, depart, leave. Each answers with a page or a redirect to one.

use std::collections::BTreeMap;

use axum::{
    Form,
    body::Body,
    extract::{FromRequest, Path, Query, Request, State},
    http::{
        HeaderMap, HeaderValue, Response, StatusCode,
        header::{LOCATION, ORIGIN, SET_COOKIE},
    },
    response::IntoResponse,
};
use grantway_core::{
    Code, ProviderId, RegistrationId, Secret, SessionId,
    device::Mode,
    message::{ErrorTold, RefusalMessage},
    session::SessionError,
};
use grantway_service::{Departing, OpenRequest, Opened, Service, ServiceError, WayOutOf};
use leptos::prelude::*;
use serde::Deserialize;

use crate::{
    calls::{Opener, Problem},
    pages::{
        ask::{AskPage, FIELD},
        forward::ForwardPage,
        link::LinkPage,
    },
    server::{limits, problem::for_page, render, state::AppState},
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

/// The provider that was pressed, and what it must be told: fields named `parameter.NAME`.
struct DepartForm {
    provider: ProviderId,
    typed: BTreeMap<String, String>,
}

impl DepartForm {
    fn of(pairs: Vec<(String, String)>) -> Option<Self> {
        let provider = pairs.iter().find(|(name, _)| name == "provider")?.1.parse().ok()?;
        let typed = |(name, value): (String, String)| Some((name.strip_prefix(FIELD)?.to_owned(), value));
        Some(Self { provider, typed: pairs.into_iter().filter_map(typed).collect() })
    }
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
        Ok(opened) => to_session(&state, opened),
        Err(error) => {
            let problem = refusal(&state, &error, Some(&form.session)).await;
            let opener = opener_of(form.mode, bare.headers(), &error);
            render::problem(Problem { opener, ..problem }, bare).await
        }
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
        Ok(opened) => to_session(&state, opened),
        Err(error) => refused(&state, &error, Some(&form.session), bare).await,
    }
}

/// `POST /connect/{session_id}/depart`: leaves for a provider.
pub async fn depart(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Response<Body> {
    let Some((id, cookie)) = own_session(&state, &id, request.headers()) else {
        return render::problem(Code::WrongBrowser.into(), request).await;
    };
    if let Err(refusal) = state.limits.start(&id) {
        return limits::page(refusal, request).await;
    }
    let (bare, form) = match read_form(request).await.map(|(bare, pairs)| (bare, DepartForm::of(pairs))) {
        Ok((bare, Some(form))) => (bare, form),
        Ok((bare, None)) | Err(bare) => return render::problem(Code::InvalidRequest.into(), bare).await,
    };
    match state.service.depart(&id, cookie.as_ref(), &form.provider, &form.typed).await {
        Ok(Departing::Asks(view)) => {
            let is_wrong = view.questions.iter().any(|question| question.error.is_some());
            let status = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            let page = move || view! { <AskPage view=(*view).clone() /> };
            render::page(status, bare, page).await
        }
        Ok(Departing::Leaves(departure)) => {
            let (name, url) = (departure.provider_name, departure.url.to_string());
            let page = move || view! { <ForwardPage name=name.clone() url=url.clone() /> };
            let mut response = render::page(StatusCode::OK, bare, page).await;
            let cookie =
                state.cookies().set(&departure.cookie_name, &departure.cookie, departure.cookie_seconds);
            append(&mut response, cookie);
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

/// `POST /connect/{session_id}/keep`: the other account that came back as well.
pub async fn keep(State(state): State<AppState>, Path(id): Path<String>, request: Request) -> Response<Body> {
    let Some((id, cookie)) = own_session(&state, &id, request.headers()) else {
        return render::problem(Code::WrongBrowser.into(), request).await;
    };
    match state.service.keep_both(&id, cookie.as_ref()).await {
        // The session's page says how it ended, or how far it has come.
        Ok(()) | Err(ServiceError::Session(_)) => see_other(&id),
        Err(error) => refused(&state, &error, None, request).await,
    }
}

/// `POST /connect/{session_id}/leave`: Cancel, Done, or back to the app.
pub async fn leave(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Response<Body> {
    let Some((id, cookie)) = own_session(&state, &id, request.headers()) else {
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
fn own_session(state: &AppState, id: &str, headers: &HeaderMap) -> Option<(SessionId, Option<Secret>)> {
    let id: SessionId = id.parse().ok()?;
    let cookie = state.cookies().read(headers, &Service::session_cookie(&id));
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

fn to_session(state: &AppState, opened: Opened) -> Response<Body> {
    let mut response = see_other(&opened.session_id);
    if let Some(cookie) = opened.cookie {
        let name = Service::session_cookie(&opened.session_id);
        append(&mut response, state.cookies().set(&name, &cookie, opened.cookie_seconds));
    }
    response
}

fn see_other(id: &SessionId) -> Response<Body> {
    (StatusCode::SEE_OTHER, [(LOCATION, format!("/connect/{id}"))]).into_response()
}

fn append(response: &mut Response<Body>, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

async fn refused(
    state: &AppState,
    error: &ServiceError,
    token: Option<&Secret>,
    request: Request,
) -> Response<Body> {
    render::problem(refusal(state, error, token).await, request).await
}

async fn refusal(state: &AppState, error: &ServiceError, token: Option<&Secret>) -> Problem {
    let way_out = match token {
        Some(token) => state.service.way_out(WayOutOf::Token(token)).await.map(Box::new),
        None => None,
    };
    Problem { way_out, ..for_page(error) }
}

/// A window that was opened in vain tells so to the page that posted the form: that one page, by the
/// browser's own word, and nothing but the refusal.
fn opener_of(mode: Mode, headers: &HeaderMap, error: &ServiceError) -> Option<Box<Opener>> {
    let origin = headers.get(ORIGIN)?.to_str().ok()?.parse().ok()?;
    let told = match error {
        ServiceError::Token(reason) => ErrorTold::from(*reason),
        ServiceError::Origin { .. } => {
            let told = ErrorTold::from(error.code());
            ErrorTold { message: format!("{} ({error})", told.message), ..told }
        }
        other => other.code().into(),
    };
    (mode == Mode::Popup).then(|| Box::new(Opener { origin, message: RefusalMessage::of(told) }))
}
