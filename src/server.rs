//! The server: configuration, routes and the edge of the process.

pub mod adapters;
pub mod api;
pub(crate) mod api_keys;
pub mod check;
pub mod command;
pub mod config;
pub mod connect;
pub mod cookies;
pub mod database;
pub mod demo;
pub mod egress;
pub mod guard;
pub mod headers;
pub mod limits;
pub mod problem;
pub(crate) mod providers;
pub mod render;
pub mod router;
pub mod serve;
pub mod start;
pub mod state;
pub mod steps;
pub(crate) mod webhooks;
