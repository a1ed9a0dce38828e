//! Connection parameters: who is asked for which, and whose word counts.
//!
//! The one rule: a parameter of which the client secret's way depends is the operator's alone.

use std::collections::BTreeMap;

use grantway_catalog::{AskedOf, Parameter, Provider};
use grantway_core::{
    ProviderId,
    grant::Grant,
    session::Session,
    view::{AskView, Question},
};

use crate::{Registered, Service};

/// Parameters by name.
pub(crate) type Values = BTreeMap<String, String>;

/// What is known of a connection's parameters before the person leaves.
pub(crate) enum Settled {
    /// All of them.
    All(Values),
    /// Not yet: something must be asked first.
    Ask(Vec<Question>),
}

impl Service {
    pub(crate) fn ask_view(
        &self,
        session: &Session,
        provider: &ProviderId,
        questions: Vec<Question>,
    ) -> AskView {
        AskView {
            session_id: session.id.clone(),
            theme: session.terms.theme,
            provider: provider.clone(),
            provider_name: self.provider_name(provider),
            questions,
        }
    }
}

/// Puts together what the app and the person said.
pub(crate) fn known_parameters(
    session: &Session,
    registered: &Registered<'_>,
    again: Option<&Grant>,
    typed: &Values,
) -> Settled {
    let provider = registered.provider;
    let mut known = match (again, session.terms.parameters.get(&registered.registration.provider)) {
        // A grant is authorised again where it is.
        (Some(grant), _) => grant.parameters.clone(),
        (None, told) => told.cloned().unwrap_or_default(),
    };
    let open: Vec<&Parameter> = provider
        .parameters
        .iter()
        .filter(|parameter| parameter.asked_of == AskedOf::User)
        .filter(|parameter| {
            !known.contains_key(&parameter.name) && !registered.parameters.contains_key(&parameter.name)
        })
        .collect();
    // What has a usual value is asked along with what has none, never alone.
    if !open.iter().any(|parameter| parameter.must_be_given()) {
        return Settled::All(known);
    }
    let answers: Vec<_> = open.iter().map(|parameter| answer(provider, parameter, typed)).collect();
    if answers.iter().any(Result::is_err) {
        let questions = open.iter().zip(answers).map(|(parameter, answer)| {
            answer.err().map_or_else(|| asked(provider, parameter, typed), |wrong| *wrong)
        });
        return Settled::Ask(questions.collect());
    }
    known.extend(answers.into_iter().flatten().flatten());
    Settled::All(known)
}

fn answer(
    provider: &Provider,
    parameter: &Parameter,
    typed: &Values,
) -> Result<Option<(String, String)>, Box<Question>> {
    let text = typed.get(&parameter.name).map_or("", String::as_str);
    match parameter.read(text, provider.host_after(&parameter.name)) {
        Ok(value) => Ok(value.map(|value| (parameter.name.clone(), value))),
        // The first time, nothing was typed and nothing is wrong yet.
        Err(error) => {
            let error = typed.contains_key(&parameter.name).then_some(error);
            Err(Box::new(Question { error, ..asked(provider, parameter, typed) }))
        }
    }
}

fn asked(provider: &Provider, parameter: &Parameter, typed: &Values) -> Question {
    let question = parameter.question(provider.host_after(&parameter.name));
    match typed.get(&parameter.name) {
        Some(typed) => Question { value: typed.clone(), ..question },
        None => question,
    }
}

/// What the operator set, checked.
///
/// # Errors
/// With the rule that the one named breaks; a missing one has no value.
pub(crate) fn check_operators(provider: &Provider, set: &Values) -> Result<(), (String, String)> {
    for (name, value) in set {
        let known = provider.parameter(name).ok_or_else(|| (name.clone(), unknown(provider)))?;
        if known.accept(value).as_ref() != Some(value) {
            return Err((name.clone(), misfit(known)));
        }
    }
    let is_missing = |parameter: &&Parameter| {
        parameter.asked_of == AskedOf::App && parameter.must_be_given() && !set.contains_key(&parameter.name)
    };
    match provider.parameters.iter().find(is_missing) {
        Some(missing) => Err((
            missing.name.clone(),
            format!("is required: {}, such as {}", missing.label, missing.example),
        )),
        None => Ok(()),
    }
}

/// What the app says at mint, checked. A value that decides where the client secret goes is not the app's
/// user's to choose, and what the operator set stands.
///
/// # Errors
/// With the rule that the one named breaks.
pub(crate) fn check_apps(provider: &Provider, set: &Values) -> Result<(), (String, String)> {
    for (name, value) in set {
        let known = provider.parameter(name).ok_or_else(|| (name.clone(), unknown(provider)))?;
        if known.asked_of == AskedOf::App {
            return Err((name.clone(), "is the operator's: set it in the registration".to_owned()));
        }
        if known.accept(value).as_ref() != Some(value) {
            return Err((name.clone(), misfit(known)));
        }
    }
    Ok(())
}

fn unknown(provider: &Provider) -> String {
    let names: Vec<_> = provider.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let known =
        if names.is_empty() { "it has none".to_owned() } else { format!("known: {}", names.join(", ")) };
    format!("is no connection parameter of {}; {known}", provider.name)
}

fn misfit(parameter: &Parameter) -> String {
    format!("does not fit; {}, such as {}", parameter.label, parameter.example)
}
