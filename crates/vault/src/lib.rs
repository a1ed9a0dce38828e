//! Seals and opens what must not be read at rest: client secrets, tokens, PKCE verifiers.
//!
//! The one rule: every sealed value names its key and is bound to what it belongs to, so that a row
//! moved to another place does not open there. XChaCha20-Poly1305; its 192-bit nonces may be random.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

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
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES;
const HEADER_BYTES: usize = HEAD_BYTES + NONCE_BYTES;

/// What the canary row holds, so that a wrong key is noticed before anything is written with it.
const CANARY: &str = "grantway vault canary";

/// Names a master key: the first 64 bits of its digest. Shown in hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl KeyId {
    /// The key that sealed a value of which these are the first bytes; nothing if no vault sealed it.
    #[must_use]
    pub fn of_sealed(sealed: &[u8]) -> Option<Self> {
        let (format, id) = sealed.get(..HEAD_BYTES)?.split_first()?;
        (*format == FORMAT).then_some(Self(id.try_into().ok()?))
    }

    /// What every value that this key sealed begins with.
    #[must_use]
    pub fn head(self) -> Vec<u8> {
        [&[FORMAT], &self.0[..]].concat()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A ring of master keys: the newest seals, all open. It may be changed for another while in use.
pub struct Vault(RwLock<Arc<Ring>>);

struct Ring {
    newest: KeyId,
    /// As they were listed.
    order: Vec<KeyId>,
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
        let mut order = Vec::new();
        for line in text.expose().lines().map(str::trim).filter(|line| !line.is_empty()) {
            let bytes = Zeroizing::new(STANDARD.decode(line).map_err(|_| VaultError::NotAKey)?);
            let cipher = XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| VaultError::NotAKey)?;
            let id = key_id(line);
            if keys.insert(id, cipher).is_none() {
                order.push(id);
            }
        }
        let newest = *order.first().ok_or(VaultError::NoKey)?;
        Ok(Self(RwLock::new(Arc::new(Ring { newest, order, keys }))))
    }

    /// Its keys, the one that seals first.
    #[must_use]
    pub fn key_ids(&self) -> Vec<KeyId> {
        self.ring().order.clone()
    }

    /// The key that seals.
    #[must_use]
    pub fn newest(&self) -> KeyId {
        self.ring().newest
    }

    /// From now on seals and opens with that one's keys.
    pub fn take_keys_of(&self, other: &Self) {
        let ring = other.ring();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = ring;
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A fresh master key, as text for a key file.
    pub fn new_key(entropy: &dyn Entropy) -> Secret {
        let bytes = Zeroizing::new(random_bytes::<32>(entropy));
        Secret::new(STANDARD.encode(*bytes))
    }

    /// Seals `plain` for the one place that `belongs_to` names.
    pub fn seal(&self, plain: &str, belongs_to: &str, entropy: &dyn Entropy) -> Vec<u8> {
        let ring = self.ring();
        let nonce = random_bytes::<NONCE_BYTES>(entropy);
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plain.len() + 16);
        sealed.extend(ring.newest.head());
        sealed.extend(nonce);
        let aad = associated_data(&sealed[..HEADER_BYTES], belongs_to);
        let payload = Payload { msg: plain.as_bytes(), aad: &aad };
        // The cipher only refuses more than 256 GiB; the newest key is always on the ring.
        if let Some(text) =
            ring.keys.get(&ring.newest).and_then(|cipher| cipher.encrypt(&XNonce::from(nonce), payload).ok())
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
        let id = KeyId::of_sealed(header).ok_or(VaultError::Damaged)?;
        let nonce: [u8; NONCE_BYTES] = header[HEAD_BYTES..].try_into().map_err(|_| VaultError::Damaged)?;
        let ring = self.ring();
        let cipher = ring.keys.get(&id).ok_or(VaultError::UnknownKey)?;
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
        write!(f, "Vault({} keys)", self.ring().order.len())
    }
}

fn key_id(line: &str) -> KeyId {
    let mut id = [0; KEY_ID_BYTES];
    id.copy_from_slice(&Digest::of(line).as_bytes()[..KEY_ID_BYTES]);
    KeyId(id)
}

fn associated_data(header: &[u8], belongs_to: &str) -> Vec<u8> {
    [&header[..HEAD_BYTES], belongs_to.as_bytes()].concat()
}
