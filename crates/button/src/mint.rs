//! Where session tokens come from: a function of the app, called on each click.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use grantway_core::{Code, message::ErrorTold};

type Minting = Pin<Box<dyn Future<Output = Result<String, ErrorTold>>>>;

/// The app's function that gets a fresh session token from its own backend.
///
/// Any async function or closure without parameters becomes one. The token is for the user of the
/// backend's own cookie; it never comes from a URL.
#[derive(Clone)]
pub struct Mint(Arc<dyn Fn() -> Minting + Send + Sync>);

impl Mint {
    /// Starts to mint.
    pub(crate) fn begin(&self) -> Minting {
        (self.0)()
    }
}

impl<F, Fut, E> From<F> for Mint
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<String, E>> + 'static,
    E: fmt::Display,
{
    fn from(mint: F) -> Self {
        Self(Arc::new(move || {
            let minting = mint();
            Box::pin(async move { minting.await.map_err(|error| told(error.to_string())) })
        }))
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mint")
    }
}

/// A code is told in the table's words; other words are the app's own and stay.
fn told(text: String) -> ErrorTold {
    let known = Code::ALL.iter().find(|code| code.as_str() == text);
    match known {
        Some(code) => (*code).into(),
        None if text.is_empty() => Code::InvalidToken.into(),
        None => ErrorTold { message: text, ..Code::InvalidToken.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_is_a_code_keeps_it_and_others_are_invalid_token() {
        assert_eq!(told("network_error".to_owned()).code, Code::NetworkError);
        assert_eq!(
            told("no such plan".to_owned()),
            ErrorTold { message: "no such plan".to_owned(), ..Code::InvalidToken.into() }
        );
        assert_eq!(told(String::new()), Code::InvalidToken.into());
    }
}
