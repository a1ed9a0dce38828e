//! Seals and opens what must not be read at rest: client secrets, tokens, PKCE verifiers.
//!
//! The one rule: every sealed value names its key and is bound to what it belongs to, so that a row
//! moved to another place does not open there. XChaCha20-Poly1305; its 192-bit nonces may be random.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use grantway_core::{Digest, Entropy, Secret, clock::random_bytes};
use zeroize::Zeroizing;

const FORMAT: u8 = 1;
const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// What the canary row holds, so that a wrong key is noticed before anything is written with it.
const CANARY: &str = "grantway vault canary";

/// Names a master key: the first 64 bits of its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct KeyId([u8; KEY_ID_BYTES]);

/// A ring of master keys: the newest seals, all open.
pub struct Vault {
    newest: KeyId,
    keys: BTreeMap<KeyId, XChaCha20Poly1305>,
}

/// Why something stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key text is not 32 bytes in base64.
    #[error("a master key is 32 random bytes in base64, one key per line, the newest first")]
    NotAKey,
    /// No key at all.
    #[error("the master key is empty")]
    NoKey,
    /// Sealed with a key that is not on the ring.
    #[error("sealed with a master key that is not here")]
    UnknownKey,
    /// Not sealed by a vault, changed since, or moved from elsewhere.
    #[error("the sealed value is damaged or belongs elsewhere")]
    Damaged,
}

impl Vault {
    /// From key texts, the newest first, one per line.
    ///
    /// # Errors
    /// When a line is no key, or there is none.
    pub fn from_keys(text: &Secret) -> Result<Self, VaultError> {
        let mut keys = BTreeMap::new();
        let mut newest = None;
        for line in text.expose().lines().map(str::trim).filter(|line| !line.is_empty()) {
            let bytes = Zeroizing::new(STANDARD.decode(line).map_err(|_| VaultError::NotAKey)?);
            let cipher = XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| VaultError::NotAKey)?;
            let id = key_id(line);
            newest.get_or_insert(id);
            keys.insert(id, cipher);
        }
        Ok(Self { newest: newest.ok_or(VaultError::NoKey)?, keys })
    }

    /// A fresh master key, as text for a key file.
    pub fn new_key(entropy: &dyn Entropy) -> Secret {
        let bytes = Zeroizing::new(random_bytes::<32>(entropy));
        Secret::new(STANDARD.encode(*bytes))
    }

    /// Seals `plain` for the one place that `belongs_to` names.
    pub fn seal(&self, plain: &str, belongs_to: &str, entropy: &dyn Entropy) -> Vec<u8> {
        let nonce = random_bytes::<NONCE_BYTES>(entropy);
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plain.len() + 16);
        sealed.push(FORMAT);
        sealed.extend(self.newest.0);
        sealed.extend(nonce);
        let aad = associated_data(&sealed[..HEADER_BYTES], belongs_to);
        let payload = Payload { msg: plain.as_bytes(), aad: &aad };
        // The cipher only refuses more than 256 GiB; the newest key is always on the ring.
        if let Some(text) =
            self.keys.get(&self.newest).and_then(|cipher| cipher.encrypt(&XNonce::from(nonce), payload).ok())
        {
            sealed.extend(text);
        }
        sealed
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// When its key is not here, or it was changed or moved.
    pub fn open(&self, sealed: &[u8], belongs_to: &str) -> Result<Secret, VaultError> {
        let (header, text) = sealed.split_at_checked(HEADER_BYTES).ok_or(VaultError::Damaged)?;
        let (id, nonce) = header[1..].split_at(KEY_ID_BYTES);
        let id = KeyId(id.try_into().map_err(|_| VaultError::Damaged)?);
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| VaultError::Damaged)?;
        if header[0] != FORMAT {
            return Err(VaultError::Damaged);
        }
        let cipher = self.keys.get(&id).ok_or(VaultError::UnknownKey)?;
        let aad = associated_data(header, belongs_to);
        let plain = cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: text, aad: &aad })
            .map_err(|_| VaultError::Damaged)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| VaultError::Damaged)
    }

    /// A value to store once, and to check before anything else is written.
    pub fn canary(&self, entropy: &dyn Entropy) -> Vec<u8> {
        self.seal(CANARY, "canary", entropy)
    }

    /// # Errors
    /// When the stored canary was sealed with a key that is not here.
    pub fn check_canary(&self, sealed: &[u8]) -> Result<(), VaultError> {
        self.open(sealed, "canary").map(|_| ())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} keys)", self.keys.len())
    }
}

fn key_id(line: &str) -> KeyId {
    let mut id = [0; KEY_ID_BYTES];
    id.copy_from_slice(&Digest::of(line).as_bytes()[..KEY_ID_BYTES]);
    KeyId(id)
}

fn associated_data(header: &[u8], belongs_to: &str) -> Vec<u8> {
    [&header[..=KEY_ID_BYTES], belongs_to.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill_with(|| self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    fn entropy() -> Counting {
        Counting(0.into())
    }

    #[test]
    fn a_sealed_value_opens_only_where_it_belongs() {
        let entropy = entropy();
        let vault = Vault::from_keys(&Vault::new_key(&entropy)).unwrap();

        let sealed = vault.seal("hush", "grant/1", &entropy);

        assert_eq!(vault.open(&sealed, "grant/1").unwrap().expose(), "hush");
        assert_eq!(vault.open(&sealed, "grant/2").unwrap_err(), VaultError::Damaged);
        assert!(!sealed.windows(4).any(|window| window == b"hush"));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let entropy = entropy();
        let vault = Vault::from_keys(&Vault::new_key(&entropy)).unwrap();
        let sealed = vault.seal("hush", "x", &entropy);

        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open(&changed, "x").is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(vault.open(&sealed[..length], "x").is_err(), "length {length}");
        }
    }

    #[test]
    fn an_old_key_still_opens_and_a_wrong_one_says_so() {
        let entropy = entropy();
        let (old, new) = (Vault::new_key(&entropy), Vault::new_key(&entropy));
        let before = Vault::from_keys(&old).unwrap();
        let sealed = before.seal("hush", "x", &entropy);
        let canary = before.canary(&entropy);

        let both = Vault::from_keys(&Secret::new(format!("{}\n{}\n", new.expose(), old.expose()))).unwrap();
        let wrong = Vault::from_keys(&new).unwrap();

        assert_eq!(both.open(&sealed, "x").unwrap().expose(), "hush");
        assert_eq!(wrong.open(&sealed, "x").unwrap_err(), VaultError::UnknownKey);
        assert_eq!(wrong.check_canary(&canary), Err(VaultError::UnknownKey));
        assert_eq!(both.check_canary(&canary), Ok(()));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "\n", "c2hvcnQ=", "not base64!"] {
            assert!(Vault::from_keys(&Secret::new(text.to_owned())).is_err(), "{text}");
        }
    }
}
