//! Words that a newer Grantway may add to.

use serde::Deserialize;

/// One of the words that are known here, or one that a newer Grantway says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Word<T> {
    /// In the table of this version.
    Known(T),
    /// As written.
    Other(String),
}

impl<T: PartialEq> PartialEq<T> for Word<T> {
    fn eq(&self, word: &T) -> bool {
        matches!(self, Self::Known(known) if known == word)
    }
}

#[cfg(test)]
mod tests {
    use grantway_core::grant::GrantStatus;

    use super::*;

    #[test]
    fn a_word_that_nobody_knew_is_kept() {
        let words: Vec<Word<GrantStatus>> = serde_json::from_str(r#"["needs_reauth", "asleep"]"#).unwrap();

        assert!(words[0] == GrantStatus::NeedsReauth && words[0] != GrantStatus::Active);
        assert_eq!(words[1], Word::Other("asleep".to_owned()));
        assert!(words[1] != GrantStatus::Active);
    }
}
