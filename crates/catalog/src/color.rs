//! Colours behind monograms: the brand's, or one of ours that a provider keeps for good.

use grantway_core::ProviderId;

use crate::Provider;

/// White letters are read on each of them (WCAG 2.2, 1.4.3: a contrast of 4.5 or more).
const PALETTE: [&str; 16] = [
    "#b91c1c", "#c2410c", "#b45309", "#a16207", "#4d7c0f", "#15803d", "#047857", "#0f766e", "#0e7490",
    "#0369a1", "#1d4ed8", "#4338ca", "#6d28d9", "#7e22ce", "#a21caf", "#be185d",
];

impl Provider {
    /// `#rrggbb`: the brand's colour, or one that the id chooses.
    #[must_use]
    pub fn color(&self, id: &ProviderId) -> String {
        self.brand_color.clone().unwrap_or_else(|| PALETTE[hash(id.as_str()) % PALETTE.len()].to_owned())
    }
}

/// FNV-1a: the same in every version and on every machine.
fn hash(text: &str) -> usize {
    let hash =
        text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // The low bits are the weak ones.
    (hash >> 16) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Catalog;

    /// WCAG 2.2's relative luminance.
    fn luminance(color: &str) -> f64 {
        let part = |at: usize| f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
        let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(part(1)) + 0.7152 * linear(part(3)) + 0.0722 * linear(part(5))
    }

    #[test]
    fn white_is_read_on_every_colour_of_ours() {
        for color in PALETTE {
            assert!(1.05 / (luminance(color) + 0.05) >= 4.5, "{color}");
        }
    }

    #[test]
    fn a_provider_without_a_brand_colour_keeps_one_of_its_own() {
        let catalog = Catalog::built_in().unwrap();
        let color = |id: &str| {
            let id = id.parse().unwrap();
            catalog.get(&id).unwrap().color(&id)
        };
        let mut used: BTreeMap<String, usize> = BTreeMap::new();
        for (id, provider) in catalog.iter().filter(|(_, provider)| provider.brand_color.is_none()) {
            *used.entry(provider.color(id)).or_default() += 1;
        }

        assert_eq!((color("quickbooks"), color("groove")), ("#2CA01C".to_owned(), "#1d4ed8".to_owned()));
        assert_eq!(used.len(), PALETTE.len());
        assert!(used.values().all(|count| *count < 40), "{used:?}");
    }
}
