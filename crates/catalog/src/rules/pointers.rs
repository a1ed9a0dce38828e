//! Where in an answer something is, and by which name it is kept.

use crate::{InvalidProvider, Pointers, Provider, Reading};

pub(super) fn check(provider: &Provider) -> Result<(), InvalidProvider> {
    let check = |place, pointers: &Pointers| match pointers.wrong() {
        Some(pointer) => Err(InvalidProvider::Pointer { place, pointer: pointer.to_owned() }),
        None => Ok(()),
    };
    let account = &provider.account;
    if let Some(address) = account.id.at.address() {
        return Err(InvalidProvider::AddressAsId(address.to_owned()));
    }
    let readings = [&account.email, &account.name, &account.handle, &account.org, &account.within];
    let readings = readings.into_iter().flatten().chain([&account.id]);
    readings.into_iter().try_for_each(|Reading { at, .. }| check("account", at))?;
    let answer = &provider.answer;
    let parts = [
        &answer.access_token,
        &answer.refresh_token,
        &answer.id_token,
        &answer.expires_in,
        &answer.scope,
        &answer.error,
    ];
    let further =
        answer.expires_at.iter().chain(&answer.second_scope).chain(answer.ok.iter().map(|ok| ok.pointer()));
    parts
        .into_iter()
        .chain(further)
        .chain(answer.extra.values().map(|kept| &kept.at))
        .try_for_each(|pointers| check("answer", pointers))?;
    let looked_up = provider.lookup.iter().flat_map(|lookup| lookup.extra.values());
    looked_up.into_iter().try_for_each(|kept| check("lookup.extra", &kept.at))?;
    let looked_up = provider.lookup.iter().flat_map(|lookup| lookup.extra.keys());
    answer.extra.keys().chain(looked_up).try_for_each(|name| check_name("extra", name))
}

pub(super) fn check_name(place: &'static str, name: &str) -> Result<(), InvalidProvider> {
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Ok(());
    }
    Err(InvalidProvider::Name { place, name: name.to_owned() })
}
