//! `/openapi.json`: what the handlers say of themselves, and what the router says of them all.

use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, HeaderBuilder, OpenApi as Document, PathItem, Ref, ResponseBuilder, Schema,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use grantway_core::KeyScope;

use crate::server::problem::Problem;

const API_KEY: &str = "api_key";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Grantway",
        description = "The API for an app's backend: sessions, grants and access tokens. The pages' routes are not in here, nor is the proxy, whose methods and paths are the provider's."
    ),
    components(schemas(Problem))
)]
struct Api;

/// The document without a route.
pub(crate) fn document() -> Document {
    let mut document = Api::openapi();
    let mut key = Http::new(HttpAuthScheme::Bearer);
    key.description = Some("A key made by `grantway key create`".to_owned());
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(API_KEY, SecurityScheme::Http(key));
    document
}

/// Each route needs a key with this scope.
pub(crate) fn needs(document: &mut Document, scope: KeyScope) {
    for operation in operations(document) {
        let requirement = SecurityRequirement::new(API_KEY, [scope.as_str()]);
        operation.security.get_or_insert_default().push(requirement);
    }
}

/// Each route may be called without a key.
pub(crate) fn needs_nothing(document: &mut Document) {
    for operation in operations(document) {
        operation.security.get_or_insert_default().push(SecurityRequirement::default());
    }
}

/// Each route takes an `Idempotency-Key`.
pub(crate) fn may_be_repeated(document: &mut Document) {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
    let header = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some("The same request by the same key has the same answer for 24 hours"))
        .schema(Some(Schema::Object(text.build())))
        .build();
    for operation in operations(document) {
        operation.parameters.get_or_insert_default().push(header.clone().into());
    }
}

/// Each route refuses with a problem (RFC 9457).
pub(crate) fn may_refuse(document: &mut Document) {
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
    let retry_after = HeaderBuilder::new()
        .schema(Some(Schema::Object(seconds)))
        .description(Some("With 429 and 503: the seconds after which to try again"))
        .build();
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refusal = ResponseBuilder::new()
        .description("A refusal or a failure; `code` says which")
        .content("application/problem+json", problem)
        .header("Retry-After", retry_after)
        .build();
    for operation in operations(document) {
        operation.responses.responses.insert("default".to_owned(), refusal.clone().into());
    }
}

fn operations(document: &mut Document) -> impl Iterator<Item = &mut Operation> {
    document.paths.paths.values_mut().flat_map(|item| {
        let PathItem { get, post, delete, .. } = item;
        [get, post, delete].into_iter().flatten()
    })
}
