//! What the server has told of a session so far, and which events follow from hearing more.

use grantway_core::{
    message::{SessionResult, Told},
    session::Stage,
};

use crate::event::{EventName, Subject};

/// What is known of the session behind an open window.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Whom the events are about.
    pub(crate) about: Subject,
    /// What leaving now would mean.
    pub(crate) if_left: Option<Told>,
    /// When the stage last changed, in milliseconds.
    pub(crate) moved_at: f64,
}

impl Progress {
    /// Takes in what the server told. The events are those that the change stands for; none when
    /// nothing changed. A stage that was passed between two answers is told too.
    pub(crate) fn hear(&mut self, result: &SessionResult, now: f64) -> &'static [EventName] {
        let before = std::mem::replace(
            &mut self.about,
            Subject {
                session_id: Some(result.session_id.clone()),
                stage: Some(result.stage),
                provider: result.provider.clone(),
            },
        );
        let same_provider = before.provider == result.provider;
        if before.stage == Some(result.stage) && same_provider {
            return &[];
        }
        self.moved_at = now;
        let departed = match result.stage {
            Stage::Minted | Stage::Picking => false,
            Stage::AtProvider => true,
            Stage::Working | Stage::Troubled | Stage::Finished => {
                result.provider.is_some() && !(same_provider && has_departed(before.stage))
            }
        };
        if departed { &[EventName::ProviderSelected, EventName::OauthStarted] } else { &[] }
    }

    /// Whether a message is about the session that the server told of.
    pub(crate) fn is_about(&self, result: &SessionResult) -> bool {
        self.about.session_id.as_ref().is_none_or(|known| *known == result.session_id)
    }
}

fn has_departed(stage: Option<Stage>) -> bool {
    matches!(stage, Some(Stage::AtProvider | Stage::Working | Stage::Troubled))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &[EventName] = &[EventName::ProviderSelected, EventName::OauthStarted];

    fn result(stage: Stage, provider: Option<&str>) -> SessionResult {
        SessionResult {
            session_id: "cs_0123456789abcdefghijkl".parse().unwrap(),
            stage,
            provider: provider.map(str::to_owned),
            outcome: Told::Pending,
        }
    }

    #[test]
    fn leaving_for_a_provider_is_told_once_and_again_after_a_retry() {
        let mut progress = Progress::default();

        assert!(progress.hear(&result(Stage::Picking, None), 1.0).is_empty());
        assert_eq!(progress.hear(&result(Stage::AtProvider, Some("github")), 2.0), BOTH);
        assert!(progress.hear(&result(Stage::AtProvider, Some("github")), 3.0).is_empty());
        assert!(progress.hear(&result(Stage::Troubled, Some("github")), 4.0).is_empty());
        assert_eq!(progress.hear(&result(Stage::AtProvider, Some("github")), 5.0), BOTH);
        assert!(progress.hear(&result(Stage::Finished, Some("github")), 6.0).is_empty());
    }

    #[test]
    fn a_departure_between_two_answers_is_told_with_what_follows_it() {
        let mut progress = Progress::default();
        progress.hear(&result(Stage::Picking, None), 1.0);

        assert_eq!(progress.hear(&result(Stage::Finished, Some("github")), 2.0), BOTH);
    }

    #[test]
    fn an_exit_from_the_picker_is_no_departure() {
        let mut progress = Progress::default();
        progress.hear(&result(Stage::Picking, None), 1.0);

        assert!(progress.hear(&result(Stage::Finished, None), 2.0).is_empty());
    }

    #[test]
    fn what_repeats_is_no_progress() {
        let mut progress = Progress::default();
        progress.hear(&result(Stage::AtProvider, Some("github")), 1.0);

        progress.hear(&result(Stage::AtProvider, Some("github")), 9.0);

        assert!((progress.moved_at - 1.0).abs() < f64::EPSILON);
    }
}
