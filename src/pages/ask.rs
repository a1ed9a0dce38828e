//! Between pick and depart: what the provider must be told first, such as the shop's name.

use grantway_core::view::{AskView, Question, QuestionError};
use leptos::prelude::*;

use crate::pages::card::Card;

/// What the fields' names begin with.
pub const FIELD: &str = "parameter.";

/// A plain form that posts to the same address as the pick did.
#[component]
pub fn AskPage(
    /// What is on it.
    view: AskView,
) -> impl IntoView {
    let AskView { session_id, theme, provider, provider_name, questions } = view;
    view! {
        <Card title=format!("Your {provider_name} account") theme=theme>
            <p>{format!("{provider_name} needs to know where your account is.")}</p>
            <form method="post" action=format!("/connect/{session_id}/depart")>
                <input type="hidden" name="provider" value=provider.to_string() />
                {questions.into_iter().enumerate().map(field).collect_view()}
                <button>"Continue"</button>
            </form>
            <a class="button secondary" href=format!("/connect/{session_id}")>"Back"</a>
        </Card>
    }
}

fn field((index, question): (usize, Question)) -> impl IntoView {
    let Question { name, label, example, suffix, value, error } = question;
    let note = format!("note-{name}");
    let words = error.map(|error| match error {
        QuestionError::Missing => format!("Please fill this in, for example: {example}"),
        QuestionError::DoesNotFit => format!("This doesn’t look right. It should be like: {example}"),
    });
    view! {
        <div class="field">
            <label for=name.clone()>{label}</label>
            <div class="typed">
                <input
                    id=name.clone()
                    name=format!("{FIELD}{name}")
                    value=value
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    autofocus=index == 0
                    aria-invalid=words.is_some().then_some("true")
                    aria-describedby=note.clone()
                />
                {suffix.map(|suffix| view! { <span class="suffix">{suffix}</span> })}
            </div>
            {match words {
                Some(words) => view! { <p class="wrong" id=note>{words}</p> },
                None => view! { <p class="quiet" id=note>{format!("For example: {example}")}</p> },
            }}
        </div>
    }
}
