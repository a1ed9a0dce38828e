//! Hosts: where tokens, secrets and people are sent.
//!
//! The one rule: whatever a person or an answer says, every host stays within the provider's own domains.

use regex_syntax::hir::literal::{ExtractKind, Extractor, Literal};

use crate::{InvalidProvider, Pattern, Provider, Template, template::Part};

/// What stands for a host that the operator alone chooses.
const OPERATORS: &str = "operator.example.com";

/// What stands before a country's letters where everyone's domains begin.
const SHARED: [&str; 9] = ["ac", "co", "com", "edu", "gov", "net", "ne", "or", "org"];

pub(super) fn check(provider: &Provider, place: &'static str, url: &Template) -> Result<(), InvalidProvider> {
    let parts = url.host_parts();
    let mut regex = String::new();
    for part in &parts {
        match part {
            Part::Text(text) => regex.push_str(&regex_syntax::escape(text)),
            Part::Name(name) => regex.push_str(&pattern_of(provider, place, name)?),
        }
    }
    if is_bound(&regex) {
        return Ok(());
    }
    // The last one is what the host ends with.
    let name = parts.iter().rev().find_map(|part| match part {
        Part::Name(name) => Some(name.clone()),
        Part::Text(_) => None,
    });
    Err(InvalidProvider::FreeHost(name.unwrap_or_default()))
}

/// What a name may be in a host: a parameter, or a kept value that has a pattern of its own. The browser's
/// word has a way in only through a parameter's `from_callback`.
fn pattern_of(provider: &Provider, place: &'static str, name: &str) -> Result<String, InvalidProvider> {
    if let Some(parameter) = provider.parameter(name) {
        return Ok(match parameter.free_host {
            true => regex_syntax::escape(OPERATORS),
            false => grouped(&parameter.pattern),
        });
    }
    let kept = name.strip_prefix("extra:").and_then(|name| provider.answer.extra.get(name));
    let pattern = kept.and_then(|kept| kept.pattern.as_ref());
    let refusal = || InvalidProvider::Host { place, name: name.to_owned() };
    pattern.map(grouped).ok_or_else(refusal)
}

fn grouped(pattern: &Pattern) -> String {
    format!("(?:{})", pattern.as_str())
}

/// Whether every text that fits is one of a closed set, or ends with a domain that is written out.
fn is_bound(regex: &str) -> bool {
    let Ok(parsed) = regex_syntax::parse(regex) else { return false };
    let ends = Extractor::new().kind(ExtractKind::Suffix).extract(&parsed);
    ends.literals().is_some_and(|ends| ends.iter().all(|end| end.is_exact() || is_domain(end)))
}

/// Whether an end holds a whole domain that is one owner's: after its first dot two labels, or three where
/// the last two look like `co.uk`.
fn is_domain(end: &Literal) -> bool {
    let text = String::from_utf8_lossy(end.as_bytes());
    let Some((_, domain)) = text.split_once('.') else { return false };
    let labels: Vec<&str> = domain.split('.').collect();
    let is_shared = |second: &str, last: &str| last.len() == 2 && SHARED.contains(&second);
    match labels.as_slice() {
        // Every name under it is this machine (RFC 6761, section 6.3).
        ["localhost"] => true,
        [second, last] => !second.is_empty() && !is_shared(second, last),
        [.., third, _, _] => !third.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_bound_by_a_written_domain_or_a_closed_set() {
        for bound in [
            r"id\.test",
            r"(?:[a-z]+)\.example\.com",
            r"(?:[a-z]+\.(crm[0-9]*)\.(dynamics\.com|dynamics\.cn))",
            r"(?:^(login|test)\.files\.com$|^[a-z-]+(\.sandbox)?\.my\.files\.com$)",
            r"api\.(?:^(us\.)?files\.com$|^files\.eu$)",
            r"start\.files\.(?:nl|co\.uk|com)",
            r"(?:[a-z]+)\.files\.co\.uk",
            r"(?:[a-z]+)\.localhost",
        ] {
            assert!(is_bound(bound), "{bound}");
        }
        for free in [
            r"(?:[a-z.]+)",
            r"(?:[a-z]+\.io)",
            r"(?:[a-z]+\.net)",
            r"(?:[a-z]+\.com)",
            r"(?:[a-z]*files\.com)",
            r"(?:[a-z]+\.co\.uk)",
            r"files\.(?:[a-z]{2,3}(\.[a-z]{2})?)",
            r"auth\.files\.com(?:\.[a-z]{2})?",
            r"(?:.*)",
            r"(?:[a-z]+\.files\.com|[a-z]+)",
        ] {
            assert!(!is_bound(free), "{free}");
        }
    }
}
