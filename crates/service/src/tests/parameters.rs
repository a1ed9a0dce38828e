//! Connection parameters, from question to refreshed token.

use std::collections::BTreeMap;

use grantway_core::{
    flow::Flow,
    grant::Connection,
    view::{QuestionError, Shown},
};
use grantway_store::GrantFilter;
use grantway_testkit::Person;

use super::world::{APP, Away, Browser, World, app, app_spec, registration, state_of};
use crate::{AppSpec, Departing, RegistrationSpec, ServiceError};

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl World {
    async fn at_shops(&self, preset: Option<&str>) -> Browser {
        let minted = self.mint(|request| {
            request.allowed_providers = Some(vec!["shops".to_owned()]);
            if let Some(shop) = preset {
                request.parameters = BTreeMap::from([("shops".to_owned(), values(&[("shop", shop)]))]);
            }
        });
        self.open(&minted.await.unwrap()).await
    }

    async fn depart_to_shops(&self, browser: &Browser, typed: &[(&str, &str)]) -> Departing {
        let shops = "shops".parse().unwrap();
        let cookie = browser.cookie.as_ref();
        self.service.depart(&browser.session, cookie, &shops, &values(typed)).await.unwrap()
    }

    async fn only_grant(&self) -> Connection {
        let all = GrantFilter { user: None, provider: None, status: None, after: None, limit: 10 };
        let mut grants = self.service.grants(&app(), &all).await.unwrap();
        assert_eq!(grants.len(), 1);
        grants.remove(0)
    }

    async fn flow_of(&self, away: &Away) -> Flow {
        self.store.flow(&state_of(&away.url)).await.unwrap().unwrap()
    }
}

fn left(departing: Departing) -> Away {
    match departing {
        Departing::Leaves(departure) => Away { url: departure.url, flow_cookie: departure.cookie },
        Departing::Asks(view) => panic!("asked: {view:?}"),
    }
}

#[tokio::test]
async fn a_person_is_asked_until_the_answer_fits() {
    let world = World::new().await;
    let browser = world.at_shops(None).await;

    for (typed, error) in [
        (&[][..], None),
        (&[("shop", "")], Some(QuestionError::Missing)),
        (&[("shop", "evil.example#.test")], Some(QuestionError::DoesNotFit)),
        (&[("shop", "evil@files")], Some(QuestionError::DoesNotFit)),
    ] {
        let Departing::Asks(view) = world.depart_to_shops(&browser, typed).await else {
            panic!("left with {typed:?}")
        };
        assert_eq!((view.questions[0].name.as_str(), view.questions[0].error), ("shop", error), "{typed:?}");
        assert_eq!(view.questions[0].suffix.as_deref(), Some(".test"));
    }
    let away = left(world.depart_to_shops(&browser, &[("shop", "Files.test")]).await);

    assert_eq!(away.url.host_str(), Some("files.test"));
}

#[tokio::test]
async fn a_grant_remembers_where_it_is_and_is_not_asked_again() {
    let world = World::new().await;
    let browser = world.at_shops(Some("files")).await;
    let away = left(world.depart_to_shops(&browser, &[]).await);
    let callback = Person::allow(&world.provider, &away.url, "ada").await;
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
    let grant = world.only_grant().await;

    let token = world.service.token(&app(), grant.grant_id, &[]).await.unwrap();
    world.clock.advance_seconds(3600);
    let refreshed = world.service.token(&app(), grant.grant_id, &[]).await.unwrap();
    let again = world.mint(|request| request.grant_id = Some(grant.grant_id)).await;

    assert_eq!(token.extra["shop"].expose(), "files");
    assert_ne!(refreshed.access_token.expose(), token.access_token.expose());
    assert!(again.is_err(), "another provider was named");
    let minted = world
        .mint(|request| {
            request.grant_id = Some(grant.grant_id);
            request.allowed_providers = None;
        })
        .await
        .unwrap();
    let browser = world.open(&minted).await;
    let away = left(world.depart_to_shops(&browser, &[("shop", "elsewhere")]).await);
    assert_eq!(away.url.host_str(), Some("files.test"));
}

#[tokio::test]
async fn one_account_id_at_two_shops_is_two_grants() {
    let world = World::new().await;
    let connect = async |shop: &str| {
        let browser = world.at_shops(Some(shop)).await;
        let away = left(world.depart_to_shops(&browser, &[]).await);
        let callback = Person::allow(&world.provider, &away.url, "ada").await;
        world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();
    };

    for shop in ["files", "others", "files"] {
        connect(shop).await;
    }

    let all = GrantFilter { user: None, provider: None, status: None, after: None, limit: 10 };
    let grants = world.service.grants(&app(), &all).await.unwrap();
    let ids: Vec<_> = grants.iter().map(|grant| grant.account.id.clone()).collect();
    assert_eq!((grants.len(), &ids[0]), (2, &ids[1]));
    let mut shops = Vec::new();
    for grant in grants {
        let token = world.service.token(&app(), grant.grant_id, &[]).await.unwrap();
        shops.push(token.extra["shop"].expose().to_owned());
    }
    shops.sort_unstable();
    assert_eq!(shops, ["files", "others"]);
}

#[tokio::test]
async fn a_named_grant_takes_no_tokens_of_another_shop() {
    let world = World::new().await;
    let browser = world.at_shops(Some("files")).await;
    let away = left(world.depart_to_shops(&browser, &[]).await);
    world
        .arrive(&Person::allow(&world.provider, &away.url, "ada").await, Some(away.flow_cookie))
        .await
        .unwrap();
    let grant = world.only_grant().await.grant_id;

    let minted =
        world.mint(|request| (request.grant_id, request.allowed_providers) = (Some(grant), None)).await;
    let browser = world.open(&minted.unwrap()).await;
    let away = left(world.depart_to_shops(&browser, &[]).await);
    let mut callback = Person::allow(&world.provider, &away.url, "ada").await;
    callback.query_pairs_mut().append_pair("shop_host", "others.test");
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

    assert!(matches!(world.shown(&browser).await, Shown::Trouble { .. }));
    assert_eq!(world.service.token(&app(), grant, &[]).await.unwrap().extra["shop"].expose(), "files");
}

#[tokio::test]
async fn the_answer_of_the_provider_says_it_better() {
    let world = World::new().await;
    let browser = world.at_shops(Some("elsewhere")).await;
    let mut away = left(world.depart_to_shops(&browser, &[]).await);
    assert_eq!(world.flow_of(&away).await.parameters["shop"], "elsewhere");
    away.url.set_host(Some("files.test")).unwrap();

    let mut callback = Person::allow(&world.provider, &away.url, "ada").await;
    callback.query_pairs_mut().append_pair("shop_host", "files.test");
    world.arrive(&callback, Some(away.flow_cookie)).await.unwrap();

    let grant = world.only_grant().await;
    let token = world.service.token(&app(), grant.grant_id, &[]).await.unwrap();
    assert_eq!(token.extra["shop"].expose(), "files");
}

#[tokio::test]
async fn a_host_that_may_be_anyones_is_set_by_the_operator_and_by_nobody_else() {
    let world = World::new().await;
    let apply = async |set: &[(&str, &str)]| {
        let free = RegistrationSpec { parameters: values(set), ..registration("free") };
        let spec = AppSpec { registrations: vec![free], ..app_spec() };
        world.service.apply(vec![spec]).await.map(|_| ()).map_err(|error| error.to_string())
    };
    let field = "apps.acme.providers.free.parameters";

    assert_eq!(
        apply(&[]).await.unwrap_err(),
        format!("{field}.host: is required: Host, such as git.acme.test")
    );
    for evil in ["evil.test/", "a@b.test", "evil.test#", "é.test", "evil.test:80"] {
        let refusal = apply(&[("host", evil)]).await.unwrap_err();
        assert_eq!(refusal, format!("{field}.host: does not fit; Host, such as git.acme.test"));
    }
    apply(&[("host", "files.test")]).await.unwrap();
    let preset = world
        .mint(|request| {
            request.allowed_providers = Some(vec!["free".to_owned()]);
            request.parameters = BTreeMap::from([("free".to_owned(), values(&[("host", "evil.test")]))]);
        })
        .await;
    assert!(
        matches!(&preset, Err(ServiceError::Field { field, rule }) if field == "parameters.free.host" && rule.contains("operator")),
        "{preset:?}"
    );
    let minted =
        world.mint(|request| request.allowed_providers = Some(vec!["free".to_owned()])).await.unwrap();
    let browser = world.open(&minted).await;
    let (free, typed) = ("free".parse().unwrap(), values(&[("host", "evil.test")]));
    let departing =
        world.service.depart(&browser.session, browser.cookie.as_ref(), &free, &typed).await.unwrap();
    assert_eq!(left(departing).url.host_str(), Some("files.test"), "for {APP}");
}
