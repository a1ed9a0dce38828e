//! `grantway demo`: the whole flow on three sites, without a sign-up. The sites are hosts of their
//! own, because ports of one host share cookies and would test nothing.
#![expect(clippy::print_stderr, reason = "the demo talks to the person who started it")]

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, str::FromStr, sync::Arc};

use axum::Router;
use clap::Args;
use grantway_core::{AppId, KeyScope, RegistrationId, Secret, ids::random_id};
use grantway_service::{AppSpec, KeySpec, RegistrationSpec, Service};
use grantway_testkit::{FakeClient, FakeProvider, FakeProviderConfig};
use rust_host::HostConfig;
use toml::Table;
use url::Url;

use crate::server::{
    adapters::{SystemClock, SystemEntropy},
    command::start_log,
    config::{ConfigError, LogFormat, Settings},
    router, serve,
    start::{self, StartError},
};

const PROVIDER: &str = "fake-files";
const APP: &str = "acme";
const CLIENT_ID: &str = "Acme Notes";

/// How the demo is started.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The Connect server's port; the sample app and the provider take the next two.
    #[arg(long, default_value_t = 4000)]
    port: u16,
    /// Use plain `localhost` for all three sites: Safari does not know `*.localhost`.
    #[arg(long)]
    plain: bool,
    /// Where its database and key lie.
    #[arg(long, default_value = "target/demo")]
    data_dir: PathBuf,
    /// The sample app's built site.
    #[arg(long, default_value = "target/site-host")]
    host_site_root: PathBuf,
}

/// The three sites.
struct Sites {
    connect: Url,
    app: Url,
    provider: Url,
}

/// Runs the demo until it is stopped.
///
/// # Errors
/// When a port is taken or the database can't be opened.
pub async fn run(args: DemoArgs) -> Result<(), StartError> {
    start_log(LogFormat::Text, "warn,grantway=info");
    let sites = sites(&args)?;
    let settings = settings(&args, &sites)?;
    let secret = Secret::random("", &SystemEntropy);
    let service = start::service(&settings).await?;
    let key = prepare(&service, &sites, &secret).await?;
    let provider = FakeProvider::new(
        provider_config(&service, &sites, &secret)?,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    );
    let host = rust_host::router(HostConfig {
        grantway_url: origin(&sites.connect),
        api_key: key.expose().to_owned(),
        public_url: origin(&sites.app),
        site_root: args.host_site_root.clone(),
    });
    spawn(address(args.port + 1), host).await?;
    spawn(address(args.port + 2), provider.router()).await?;
    let listener = serve::listen(address(args.port)).await?;
    greet(&args, &sites);
    let state = start::state(service, &settings)?;
    serve::serve(listener, router::router(state.clone()), state, serve::stopped()).await;
    Ok(())
}

fn greet(args: &DemoArgs, sites: &Sites) {
    eprintln!("\n  Grantway demo\n");
    eprintln!("  Open     {}    the sample app: press “Connect an account”", origin(&sites.app));
    eprintln!("  Connect  {}", origin(&sites.connect));
    eprintln!("  Provider {}    switches: slow, failing, COOP, rotation …", origin(&sites.provider));
    if !args.plain {
        eprintln!("\n  Safari: start it with --plain (plain localhost URLs)");
    }
    eprintln!("  Stop with Ctrl-C\n");
}

fn sites(args: &DemoArgs) -> Result<Sites, ConfigError> {
    let site = |name: &str, port: u16| {
        let host = if args.plain { "localhost".to_owned() } else { format!("{name}.localhost") };
        Url::parse(&format!("http://{host}:{port}"))
            .map_err(|_| ConfigError::BaseUrl(grantway_core::origin::OriginError::NotAUrl))
    };
    Ok(Sites {
        connect: site("connect", args.port)?,
        app: site("app", args.port + 1)?,
        provider: site("provider", args.port + 2)?,
    })
}

fn settings(args: &DemoArgs, sites: &Sites) -> Result<Settings, StartError> {
    let mut settings = Settings::default();
    settings.server.base_url = Some(sites.connect.clone());
    settings.server.listen = address(args.port);
    settings.server.data_dir.clone_from(&args.data_dir);
    let id = id(PROVIDER);
    settings.providers = BTreeMap::from([(id, fake_files(&sites.provider)?)]);
    Ok(settings)
}

/// A plain OAuth 2.0 provider, told by its URLs.
fn fake_files(site: &Url) -> Result<Table, ConfigError> {
    let site = origin(site);
    let text = format!(
        "name = 'Fake Files'\nbrand_color = '#0f766e'\nauthorize_url = '{site}/authorize'\ntoken_url = '{site}/token'\n\
         revoke = '{site}/revoke'\napi_urls = ['{site}']\nscopes = ['profile', 'files.read']\nuserinfo = {{ url = '{site}/userinfo' }}\n\
         account = {{ id = '/id', email = '/email', name = '/name', handle = '/login' }}"
    );
    text.parse().map_err(|error: toml::de::Error| {
        ConfigError::Form(Box::new(figment::Error::from(error.to_string())))
    })
}

async fn prepare(service: &Service, sites: &Sites, secret: &Secret) -> Result<Secret, StartError> {
    let app: AppId = id(APP);
    let provider = id(PROVIDER);
    let registration = RegistrationSpec {
        provider,
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(secret.clone()),
        parameters: BTreeMap::new(),
        scopes: Vec::new(),
        allowed_scopes: vec!["files.write".to_owned()],
    };
    let spec = AppSpec {
        id: app.clone(),
        name: "Acme Notes".to_owned(),
        website_url: Some(sites.app.clone()),
        return_origins: Vec::new(),
        identity: None,
        registrations: vec![registration],
        webhooks: Vec::new(),
    };
    service.apply(vec![spec]).await.map_err(StartError::Apply)?;
    service.create_key(&app, key_spec()).await.map_err(StartError::Apply)
}

/// Each start makes a key; those of earlier starts must not fill the two places of its name.
fn key_spec() -> KeySpec {
    let name = random_id("demo_", &SystemEntropy);
    KeySpec { name, scopes: [KeyScope::Mint, KeyScope::ReadTokens].into(), seconds: None }
}

fn provider_config(
    service: &Service,
    sites: &Sites,
    secret: &Secret,
) -> Result<FakeProviderConfig, StartError> {
    let registration = RegistrationId::of(&id(APP), &id(PROVIDER));
    let client = FakeClient {
        client_id: CLIENT_ID.to_owned(),
        client_secret: secret.expose().to_owned(),
        redirect_uris: vec![service.redirect_uri(&registration).to_string()],
    };
    Ok(FakeProviderConfig { public_url: sites.provider.clone(), clients: vec![client] })
}

#[expect(clippy::expect_used, reason = "the demo's own ids are ids")]
fn id<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("an id")
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

async fn spawn(address: SocketAddr, router: Router) -> Result<(), StartError> {
    let listener = serve::listen(address).await?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}
