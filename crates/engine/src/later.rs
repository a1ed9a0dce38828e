//! `Retry-After`: a number of seconds, or a date.

use std::time::{Duration, SystemTime};

use ::http::{HeaderMap, header::RETRY_AFTER};
use grantway_core::Timestamp;

/// How many seconds an answer asks us to wait.
pub(crate) fn asked(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    text.parse().ok().or_else(|| {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).ok()?);
        Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default().as_secs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_understood() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = Timestamp(784_111_777_000);
        for (text, seconds) in [
            ("120", Some(120)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);

            assert_eq!(asked(&headers, now), seconds, "{text}");
        }
    }
}
