//! What opens, where, and by which key.

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

#[test]
fn a_value_tells_which_key_sealed_it_and_nothing_else_does() {
    let entropy = entropy();
    let vault = Vault::from_keys(&Vault::new_key(&entropy)).unwrap();
    let sealed = vault.seal("hush", "x", &entropy);

    assert_eq!(KeyId::of_sealed(&sealed), Some(vault.newest()));
    assert!(sealed.starts_with(&vault.newest().head()));
    assert_eq!(vault.newest().to_string().len(), 16);
    for text in [&b""[..], b"\x01short", b"\x02of another format"] {
        assert_eq!(KeyId::of_sealed(text), None, "{text:?}");
    }
}

#[test]
fn a_ring_is_changed_while_in_use() {
    let entropy = entropy();
    let (old, new) = (Vault::new_key(&entropy), Vault::new_key(&entropy));
    let vault = Vault::from_keys(&old).unwrap();
    let sealed = vault.seal("hush", "x", &entropy);
    let old_id = vault.newest();
    let text = format!("{}\n{}\n{}", new.expose(), old.expose(), old.expose());
    let both = Vault::from_keys(&Secret::new(text)).unwrap();

    vault.take_keys_of(&both);

    assert_eq!(vault.key_ids(), [both.newest(), old_id], "a line that is there twice counts once");
    assert_eq!(vault.open(&sealed, "x").unwrap().expose(), "hush");
    assert_eq!(KeyId::of_sealed(&vault.seal("hush", "x", &entropy)), Some(both.newest()));
}
